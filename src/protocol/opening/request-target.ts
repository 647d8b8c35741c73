/**
 * What a request is for: its target and its host (RFC 9112 §3.2).
 */

/** Path and query, and whom they were asked of. */
export interface RequestTarget {
  readonly target: string;
  readonly host: string;
}

// RFC 9110 §7.2. A comma, which RFC 3986 would allow, stands for a header that was there twice.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[-._~!$&'()*+;=%0-9A-Za-z]+)(?::[0-9]*)?$/;
const PATH = /^\/[^#]*$/;
// RFC 6455 §4.2.1 lets a client name the resource by an absolute URI.
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/**
 * Reads the target of a request line and the `Host` header; `undefined` if one of them is wrong.
 *
 * The host of an absolute URI counts in place of the header's (RFC 9112 §3.2.2): nobody must be
 * able to say one host to a proxy and another to the server.
 */
export function parseRequestTarget(
  target: string,
  hostHeader: string | undefined,
): RequestTarget | undefined {
  if (hostHeader === undefined || !HOST.test(hostHeader)) return undefined;
  if (PATH.test(target)) return { target, host: hostHeader };
  const [, host = '', path = ''] = ABSOLUTE.exec(target) ?? [];
  if (!HOST.test(host)) return undefined;
  return { target: path.startsWith('/') ? path : `/${path}`, host };
}
