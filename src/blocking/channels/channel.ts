/**
 * A stream of bytes that is read and written by blocking: a socket, or TLS over one.
 */
import type { SpinGate } from '../../transport/spin-gate.ts';

/** Takes what a channel receives; valid until the call returns. */
export type ChannelReader = (bytes: Uint8Array, start: number, end: number) => void;

/** What came of waiting for bytes. */
export type ReceiveResult = 'bytes' | 'end' | 'timeout';

/** Says until when a send waits; asked again after each thing that happens meanwhile. */
export type Deadline = () => number;

/** Waits for nothing. */
export const AT_ONCE: Deadline = () => 0;

/** A byte stream under blocking calls. Deadlines are times of the clock; infinity waits for ever. */
export interface Channel {
  /** Bytes accepted that have not been handed on, as they leave: encrypted, over TLS. */
  readonly pending: number;
  /** Whether a call was ended from outside between reading and delivering: between two calls only. */
  readonly isHalfDone: boolean;
  /**
   * Sends the bytes: how many were accepted before the deadline passed. While the peer does not
   * take them, what arrives is received, so that two ends that both send do not wait for each other.
   *
   * @throws the system's error
   */
  send(bytes: Uint8Array, deadline: Deadline): number;
  /** Hands on what was accepted; false if the deadline passed before. Throws as `send`. */
  flush(deadline: Deadline): boolean;
  /**
   * Waits for bytes and gives them to the reader.
   *
   * @throws the system's error
   */
  receive(deadline: number, gate: SpinGate): ReceiveResult;
  /** Says to the peer that nothing more comes, where the stream has words for that. */
  end(): void;
}
