/**
 * What a server is told of a request to upgrade: the core's part, and what the socket knows.
 */
import type { PeerCertificate } from 'node:tls';
import type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';

/** A client's request to upgrade, and the connection that it came over. */
export interface UpgradeRequest extends RequestHead {
  /** The client's address; one of IPv4 is one also where the server listens on IPv6. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /**
   * The certificate of the client, if it was asked for one (`tls: { requestCert: true }`), sent one and
   * is still connected. With `rejectUnauthorized: false` it may be anybody's: see `isVerified`.
   */
  readonly peerCertificate: PeerCertificate | undefined;
  /** Whether the client's certificate is one that an authority of the server's has signed. */
  readonly isVerified: boolean;
}
