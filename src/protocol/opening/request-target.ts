/**
 * Reads what a request asks for, and of which host (RFC 9112 §3.2).
 */

/** What a request asks for, and of which host. */
export interface RequestTarget {
  /** Path and query. */
  readonly target: string;
  readonly host: string;
}

// RFC 9110 §7.2. RFC 3986 also allows a comma, but here a comma means that the header was sent twice.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[-._~!$&'()*+;=%0-9A-Za-z]+)(?::[0-9]*)?$/;
const PATH = /^\/[^#]*$/;
// RFC 6455 §4.2.1 lets a client name the resource by an absolute URI.
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** Reads the target of a request line and the `Host` header; `undefined` if one of them is wrong. */
export function parseRequestTarget(
  target: string,
  hostHeader: string | undefined,
): RequestTarget | undefined {
  if (hostHeader === undefined || !HOST.test(hostHeader)) return undefined;
  if (PATH.test(target)) return { target, host: hostHeader };
  // RFC 9112 §3.2.2: with an absolute URI "the origin server MUST ignore the received Host header field
  // (if any) and instead use the host information of the request-target." Otherwise a client could
  // name one host to a proxy and another one to the server.
  const [, host = '', path = ''] = ABSOLUTE.exec(target) ?? [];
  if (!HOST.test(host)) return undefined;
  return { target: path.startsWith('/') ? path : `/${path}`, host };
}
