/**
 * The ends of a connection.
 */

/** One end of a connection. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
}

const MAPPED = /^::ffff:(?=[0-9.]+$)/i;

/** Returns an address as it is, but one of IPv4 that a socket of IPv6 was reached by as one of IPv4 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(MAPPED, '');
}
