/**
 * Writes the control frames of one connection (RFC 6455 §5.5), automatic pongs included.
 */
import { LocalProtocolError } from '../errors.ts';
import { MAX_CONTROL_PAYLOAD, Opcode } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Output } from './output.ts';

/** Is told when writing a frame throws. */
export interface WriteFaultHandler {
  /** Writing a frame threw `error`. */
  handleWriteFault(error: unknown): void;
}

/** The writer of a connection's control frames. */
export class ControlWriter {
  readonly #frames: FrameWriter;
  readonly #output: Output;
  readonly #session: WriteFaultHandler;
  /**
   * The pong that waits until the output is no longer blocked. One is enough: RFC 6455 §5.5.3 says
   * "the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."
   */
  #pendingPong: Uint8Array | undefined;

  constructor(frames: FrameWriter, output: Output, session: WriteFaultHandler) {
    this.#frames = frames;
    this.#output = output;
    this.#session = session;
  }

  /**
   * Writes a control frame. If that throws, tells the session and returns false.
   *
   * @throws LocalProtocolError for a payload above 125 bytes (RFC 6455 §5.5)
   */
  write(opcode: Opcode, payload: Uint8Array): boolean {
    if (payload.length > MAX_CONTROL_PAYLOAD) {
      throw new LocalProtocolError(
        `a ping or pong has at most ${MAX_CONTROL_PAYLOAD} bytes, not ${payload.length} (RFC 6455 §5.5)`,
      );
    }
    try {
      this.#frames.write(opcode, true, payload);
      return true;
    } catch (error) {
      this.#session.handleWriteFault(error);
      return false;
    }
  }

  /** Answers a ping, at once or as soon as the output is no longer blocked. */
  answerPing(bytes: Uint8Array, start: number, end: number): void {
    if (this.#output.isBlocked) {
      this.#pendingPong = new Uint8Array(bytes.subarray(start, end));
      return;
    }
    // This pong also answers the ping whose pong still waits.
    this.#pendingPong = undefined;
    this.write(Opcode.pong, bytes.subarray(start, end));
  }

  get hasPendingPong(): boolean {
    return this.#pendingPong !== undefined;
  }

  /** Writes the pong that waits, if there is one. */
  writePendingPong(): void {
    const pong = this.#pendingPong;
    if (pong === undefined) return;
    this.#pendingPong = undefined;
    this.write(Opcode.pong, pong);
  }
}
