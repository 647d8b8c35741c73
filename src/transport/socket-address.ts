/**
 * The ends of a connection.
 */

/** One end of a connection. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
}
