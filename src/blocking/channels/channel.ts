/**
 * A stream of bytes that blocking calls read and write: a socket, or TLS over one.
 */
import type { PollGate } from '../../transport/poll-gate.ts';

/** Is given the bytes that a channel receives. They are valid until it returns. */
export type ChannelListener = (bytes: Uint8Array, start: number, end: number) => void;

/** How a wait for bytes has ended. */
export type ReceiveResult = 'bytes' | 'end' | 'timeout';

/** Returns the deadline of a send. It is called before each wait, since what has come meanwhile may change it. */
export type Deadline = () => number;

/** The deadline of a send that does not wait. */
export const AT_ONCE: Deadline = () => 0;

/** A stream of bytes under blocking calls. Deadlines are times of the clock; infinity waits for ever. */
export interface Channel {
  /** Bytes accepted that the system has not taken: over TLS, bytes of ciphertext. */
  readonly pending: number;
  /** Between two calls: whether the first of them was cut off after it had read bytes, before they were delivered. */
  readonly isHalfDone: boolean;
  /**
   * Sends bytes; returns how many were accepted before the deadline. While the peer does not take them,
   * what it sends is received: otherwise two ends that both send would wait for each other.
   *
   * @throws the system's error
   */
  send(bytes: Uint8Array, deadline: Deadline): number;
  /** Hands to the system what was accepted; false if the deadline passes before. Throws as `send`. */
  flush(deadline: Deadline): boolean;
  /**
   * Waits for bytes and gives them to the listener.
   *
   * @throws the system's error
   */
  receive(deadline: number, gate: PollGate): ReceiveResult;
  /** Tells the peer that nothing more comes, if the stream has a message for that, as TLS has. */
  end(): void;
}
