/**
 * Makes frames of the messages to be sent: fragmentation (RFC 6455 §5.4), and compression
 * (RFC 7692 §6.1) where it was agreed on.
 */
import { encodeText, type Kernels } from '../kernels/kernels.ts';
import type { WriteFaultHandler } from './control-writer.ts';
import { Opcode, RSV1 } from './frame.ts';
import { type FrameWriter, MAX_UTF8_PER_UNIT } from './frame-writer.ts';
import type { Deflater } from './permessage-deflate.ts';

/**
 * Writes the messages of one direction of one connection. Each of its methods that write returns false
 * if that threw, which the session has been told.
 */
export class MessageWriter {
  readonly #kernels: Kernels;
  readonly #frames: FrameWriter;
  readonly #session: WriteFaultHandler;
  #deflater: Deflater | undefined;
  #threshold = 0;
  /** Whether a message is under way, fragment by fragment. */
  #isFragmented = false;
  /** Whether that message is compressed. */
  #isCompressed = false;

  constructor(kernels: Kernels, frames: FrameWriter, session: WriteFaultHandler) {
    this.#kernels = kernels;
    this.#frames = frames;
    this.#session = session;
  }

  /** Whether a message is under way, fragment by fragment: no other may begin (RFC 6455 §5.4). */
  get isFragmented(): boolean {
    return this.#isFragmented;
  }

  /** Compresses from here on, messages of `threshold` bytes or more. */
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

  /** Writes a message that this connection's deflater has compressed before. */
  writeDeflated(deflated: Uint8Array, isText: boolean): boolean {
    try {
      this.#frames.write((isText ? Opcode.text : Opcode.binary) | RSV1, true, deflated);
      return true;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Writes a fragment; `isText` and `isCompressed` count for a message's first one only. */
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
      // RFC 7692 §6: only a message's first frame says that it is compressed.
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

  /** Gives back what the compression holds. */
  release(): void {
    this.#deflater?.release();
    this.#deflater = undefined;
  }

  #fail(error: unknown): false {
    this.#session.handleWriteFault(error);
    return false;
  }
}
