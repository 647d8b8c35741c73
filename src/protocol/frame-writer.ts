/**
 * Writes frames directly into the output. A client's payloads are masked there, in place.
 */
import { encodeText, type Kernels } from '../kernels/kernels.ts';
import { headerLength, serializeFrameHeader } from './frame.ts';
import type { MaskingKeys } from './masking-keys.ts';
import type { Output } from './output.ts';

/** Strings of at most this many UTF-16 units are encoded directly into the output. */
const MAX_IN_PLACE_TEXT = 16 * 1024;
/** Most bytes that UTF-8 needs for one UTF-16 unit. */
export const MAX_UTF8_PER_UNIT = 3;
const FIN = 0x80;

/** A frame writer for one direction of one connection. */
export class FrameWriter {
  readonly #kernels: Kernels;
  readonly #output: Output;
  readonly #keys: MaskingKeys | undefined;

  /** @param keys a client's masking keys; none for a server, which does not mask (RFC 6455 §5.1) */
  constructor(kernels: Kernels, output: Output, keys: MaskingKeys | undefined) {
    this.#kernels = kernels;
    this.#output = output;
    this.#keys = keys;
  }

  /** Writes one frame with a copy of `payload`. `opcode` may include RSV bits. */
  write(opcode: number, isFinal: boolean, payload: Uint8Array): void {
    const output = this.#output;
    const length = payload.length;
    // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client." §5.3: "When
    // preparing a masked frame, the client MUST pick a fresh masking key".
    const key = this.#keys === undefined ? -1 : this.#keys.next();
    const total = headerLength(length, key >= 0) + length;
    if (output.limit - output.position < total) output.reserve(total);
    const head = isFinal ? FIN | opcode : opcode;
    const start = serializeFrameHeader(output.bytes, output.position, head, length, key);
    output.position = start;
    if (output.limit - start < length) {
      this.#writePieces(payload, key);
      return;
    }
    const end = start + length;
    output.bytes.set(payload, start);
    if (key >= 0) this.#kernels.mask(output.bytes, start, end, key, 0);
    output.position = end;
  }

  /** Writes a text frame; unpaired surrogates become U+FFFD. */
  writeText(opcode: number, isFinal: boolean, text: string): void {
    const output = this.#output;
    const isMasked = this.#keys !== undefined;
    const maxLength = MAX_UTF8_PER_UNIT * text.length;
    const reserved = headerLength(maxLength, isMasked) + maxLength;
    if (text.length > MAX_IN_PLACE_TEXT || !hasRoom(output, reserved)) {
      this.write(opcode, isFinal, encodeText(this.#kernels, text));
      return;
    }
    const key = this.#keys === undefined ? -1 : this.#keys.next();
    // The text is encoded where its payload begins if it is ASCII. Other text may need a longer
    // header, so its payload is moved.
    const { bytes, position } = output;
    const asciiStart = position + headerLength(text.length, isMasked);
    const length = this.#kernels.writeUtf8(text, bytes, asciiStart);
    const head = isFinal ? FIN | opcode : opcode;
    const start = position + headerLength(length, isMasked);
    if (start !== asciiStart) bytes.copyWithin(start, asciiStart, asciiStart + length);
    serializeFrameHeader(bytes, position, head, length, key);
    const end = start + length;
    if (isMasked) this.#kernels.mask(bytes, start, end, key, 0);
    output.position = end;
  }

  /** Writes a payload that does not fit into the output's memory, piece by piece. */
  #writePieces(payload: Uint8Array, key: number): void {
    const output = this.#output;
    for (let from = 0; from < payload.length; ) {
      if (output.position === output.limit) output.reserve(payload.length - from);
      const { position } = output;
      const to = Math.min(payload.length, from + output.limit - position);
      const end = position + to - from;
      output.bytes.set(payload.subarray(from, to), position);
      if (key >= 0) this.#kernels.mask(output.bytes, position, end, key, from);
      output.position = end;
      from = to;
    }
  }
}

/** Tells whether the output has room for `size` contiguous bytes, after asking it for more if needed. */
function hasRoom(output: Output, size: number): boolean {
  if (output.limit - output.position >= size) return true;
  output.reserve(size);
  return output.limit - output.position >= size;
}
