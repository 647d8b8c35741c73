/**
 * A request to upgrade as programs see it.
 */
import type { PeerCertificate } from 'node:tls';
import type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';

/** A client's request to upgrade, and the connection that it came over. */
export interface UpgradeRequest extends RequestHead {
  /** The path of `target`, without its query and not decoded. */
  readonly path: string;
  /** The query of `target`, decoded. */
  readonly query: URLSearchParams;
  /** The cookies by name, percent-decoded. Of several with one name the first counts. */
  readonly cookies: ReadonlyMap<string, string>;
  /**
   * The address at the other end of the socket: the client's, or that of a proxy. With `proxyProtocol` it is the one
   * that the proxy names. A client that came over IPv4 has an IPv4 address, also if the server listens on IPv6.
   */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** The client's address as proxies name it that `trustProxy` trusts; else `remoteAddress`. */
  readonly clientAddress: string | undefined;
  /** Whether the request came over TLS. */
  readonly isSecure: boolean;
  /**
   * The client's certificate, if the server asked for one (`tls: { requestCert: true }`), the client sent one, and it
   * is still connected. With `rejectUnauthorized: false` anybody may have made it: see `isVerified`.
   */
  readonly peerCertificate: PeerCertificate | undefined;
  /** Whether an authority that the server trusts has signed the client's certificate. */
  readonly isVerified: boolean;
}
