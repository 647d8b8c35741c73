/**
 * What a connection counts.
 */

/** Counts of what has gone over a connection. */
export interface ConnectionStats {
  /** Bytes from and to the socket, handshake and frame headers included; above TLS. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Data messages; fragments of one message count once. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Messages that `send` has refused: the connection was not open, or the peer read too slowly. */
  readonly messagesRefused: number;
}
