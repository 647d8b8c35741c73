/**
 * The counts of a connection.
 */

/** Counts the bytes and messages of a connection. */
export interface ConnectionStats {
  /** Bytes from and to the socket, before encryption; the handshake and the headers of frames count too. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Data messages; a message in fragments counts once. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Messages that `send` has not sent: the connection was not open, or the peer read too slowly. */
  readonly messagesRefused: number;
}
