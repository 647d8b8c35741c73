/**
 * Writes messages as frames: in fragments (RFC 6455 §5.4) if the caller sends them so, and compressed
 * (RFC 7692 §6.1) if that was agreed on.
 */
import { encodeText, type Kernels } from '../kernels/kernels.ts';
import type { WriteFaultHandler } from './control-writer.ts';
import { Opcode, RSV1 } from './frame.ts';
import { type FrameWriter, MAX_UTF8_PER_UNIT } from './frame-writer.ts';
import type { Deflater } from './permessage-deflate.ts';

/**
 * The writer of a connection's messages. If writing throws, the method tells the session and returns
 * false.
 */
export class MessageWriter {
  readonly #kernels: Kernels;
  readonly #frames: FrameWriter;
  readonly #session: WriteFaultHandler;
  #deflater: Deflater | undefined;
  #threshold = 0;
  /** Whether a fragmented message has begun and not ended. */
  #isFragmented = false;
  /** Whether that message is compressed. */
  #isCompressed = false;

  constructor(kernels: Kernels, frames: FrameWriter, session: WriteFaultHandler) {
    this.#kernels = kernels;
    this.#frames = frames;
    this.#session = session;
  }

  /** Whether a fragmented message has begun and not ended. No other may begin then (RFC 6455 §5.4). */
  get isFragmented(): boolean {
    return this.#isFragmented;
  }

  /** Compresses messages of `threshold` bytes or more from now on. */
  useDeflater(deflater: Deflater, threshold: number): void {
    this.#deflater = deflater;
    this.#threshold = threshold;
  }

  /** Writes a text message. */
  writeText(text: string, isCompressed: boolean): boolean {
    const isLong = MAX_UTF8_PER_UNIT * text.length >= this.#threshold;
    if (this.#deflater !== undefined && isCompressed && isLong) {
      return this.writeBytes(encodeText(this.#kernels, text), true, true);
    }
    try {
      this.#frames.writeText(Opcode.text, true, text);
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Writes a message of bytes. */
  writeBytes(payload: Uint8Array, isText: boolean, isCompressed: boolean): boolean {
    const opcode = isText ? Opcode.text : Opcode.binary;
    const deflater = this.#deflater;
    try {
      if (deflater === undefined || !isCompressed || payload.length < this.#threshold) {
        this.#frames.write(opcode, true, payload);
      } else {
        this.#frames.write(opcode | RSV1, true, deflater.deflate(payload, true));
      }
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Writes a message that this connection's deflater has already compressed. */
  writeDeflated(deflated: Uint8Array, isText: boolean): boolean {
    try {
      this.#frames.write((isText ? Opcode.text : Opcode.binary) | RSV1, true, deflated);
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Writes a fragment. `isText` and `isCompressed` matter for a message's first fragment only. */
  writeFragment(
    payload: string | Uint8Array,
    isText: boolean,
    isFinal: boolean,
    isCompressed: boolean,
  ): boolean {
    let head: number = Opcode.continuation;
    if (!this.#isFragmented) {
      head = isText ? Opcode.text : Opcode.binary;
      this.#isCompressed = isCompressed && this.#deflater !== undefined;
      // RFC 7692 §6: the "Per-Message Compressed" bit must not be set on "control frames and non-first
      // fragments of a data message."
      if (this.#isCompressed) head |= RSV1;
    }
    this.#isFragmented = !isFinal;
    try {
      if (this.#isCompressed) {
        const bytes = typeof payload === 'string' ? encodeText(this.#kernels, payload) : payload;
        this.#frames.write(head, isFinal, (this.#deflater as Deflater).deflate(bytes, isFinal));
      } else if (typeof payload === 'string') {
        this.#frames.writeText(head, isFinal, payload);
      } else {
        this.#frames.write(head, isFinal, payload);
      }
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Gives back the deflater. */
  release(): void {
    this.#deflater?.release();
    this.#deflater = undefined;
  }

  #fail(error: unknown): false {
    this.#session.handleWriteFault(error);
    return false;
  }
}
