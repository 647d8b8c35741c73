/**
 * Writes the control frames of one connection (RFC 6455 §5.5), the automatic pongs among them.
 */
import { LocalProtocolError } from '../errors.ts';
import { MAX_CONTROL_PAYLOAD, Opcode } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Output } from './output.ts';

/** Who is told what was thrown while a frame was written. */
export interface WriteFaultHandler {
  handleWriteFault(error: unknown): void;
}

/** A writer of control frames. */
export class ControlWriter {
  readonly #frames: FrameWriter;
  readonly #output: Output;
  readonly #session: WriteFaultHandler;
  /** The pong that could not be sent yet: the latest one is enough (RFC 6455 §5.5.3). */
  #pendingPong: Uint8Array | undefined;

  constructor(frames: FrameWriter, output: Output, session: WriteFaultHandler) {
    this.#frames = frames;
    this.#output = output;
    this.#session = session;
  }

  /**
   * Writes a frame; false if that threw, which has been told.
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

  /** Answers a ping, now or as soon as the output is not blocked any more. */
  answerPing(bytes: Uint8Array, start: number, end: number): void {
    if (this.#output.isBlocked) {
      this.#pendingPong = new Uint8Array(bytes.subarray(start, end));
      return;
    }
    // This pong is later than the one that waits, and answers both pings.
    this.#pendingPong = undefined;
    this.write(Opcode.pong, bytes.subarray(start, end));
  }

  /** Writes the pong that waits, if one does. */
  writePendingPong(): void {
    const pong = this.#pendingPong;
    if (pong === undefined) return;
    this.#pendingPong = undefined;
    this.write(Opcode.pong, pong);
  }
}
