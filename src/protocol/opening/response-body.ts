/**
 * The body of a response that refuses the upgrade (RFC 9112 §6): what the server says about it is
 * what the user needs to read.
 */
import type { HeaderMap } from './head.ts';
import { parseList } from './head.ts';

/** Most bytes of a body that are kept; what comes after them is not waited for. */
export const MAX_BODY_SIZE: number = 64 * 1024;
/** Most digits of a chunk's size, and most bytes of its line. */
const MAX_CHUNK_DIGITS = 8;
const MAX_CHUNK_LINE = 256;
const LF = 0x0a;

/** Reads a body of known length, in chunks, or up to the end of the connection. */
export class ResponseBody {
  isComplete = false;
  #kept = new Uint8Array(0);
  #length = 0;
  readonly #isChunked: boolean;
  /** Bytes that are still to come: of the body, or of the present chunk with its line end. */
  #left: number;
  /** The line before a chunk, as far as it has come. */
  #line = '';

  constructor(status: number, headers: HeaderMap) {
    const codings = headers.get('transfer-encoding');
    this.#isChunked = parseList(codings).at(-1)?.toLowerCase() === 'chunked';
    this.#left = this.#isChunked
      ? 0
      : parseLength(codings === undefined ? headers.get('content-length') : undefined);
    const hasNoBody = status < 200 || status === 204 || status === 304;
    this.isComplete = hasNoBody || (!this.#isChunked && this.#left === 0);
  }

  /** What has come so far. */
  get bytes(): Uint8Array {
    return this.#kept.subarray(0, this.#length);
  }

  /** Takes bytes and returns how far it came. */
  push(bytes: Uint8Array, start: number, end: number): number {
    let next = start;
    while (next < end && !this.isComplete) {
      next =
        this.#isChunked && this.#left === 0
          ? this.#readChunkLine(bytes, next, end)
          : this.#readContent(bytes, next, end);
    }
    return next;
  }

  #readContent(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#left);
    // The line end after a chunk is no part of it.
    const contentEnd = start + this.#left - (this.#isChunked ? 2 : 0);
    this.#keep(bytes, start, Math.max(start, Math.min(stop, contentEnd)));
    this.#left -= stop - start;
    if (this.#length === MAX_BODY_SIZE || (this.#left === 0 && !this.#isChunked)) {
      this.isComplete = true;
    }
    return stop;
  }

  #readChunkLine(bytes: Uint8Array, start: number, end: number): number {
    let next = start;
    while (next < end) {
      const byte = bytes[next++] as number;
      if (byte === LF) {
        this.#beginChunk();
        break;
      }
      this.#line += String.fromCharCode(byte);
      // Not chunks at all, then: what has come will do.
      if (this.#line.length > MAX_CHUNK_LINE) {
        this.isComplete = true;
        break;
      }
    }
    return next;
  }

  #beginChunk(): void {
    const digits = /^[0-9A-Fa-f]+/.exec(this.#line)?.[0] ?? '';
    this.#line = '';
    const size = digits.length > MAX_CHUNK_DIGITS ? 0 : Number.parseInt(digits || '0', 16);
    if (size === 0) this.isComplete = true;
    else this.#left = size + 2;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(this.#length + end - start, MAX_BODY_SIZE);
    if (length > this.#kept.length) {
      const grown = new Uint8Array(
        Math.min(MAX_BODY_SIZE, Math.max(length, 2 * this.#kept.length)),
      );
      grown.set(this.bytes);
      this.#kept = grown;
    }
    this.#kept.set(bytes.subarray(start, start + length - this.#length), this.#length);
    this.#length = length;
  }
}

/** Reads a length; what is not one leaves the end of the body to the end of the connection. */
function parseLength(declared = ''): number {
  return /^[0-9]{1,15}$/.test(declared) ? Number(declared) : Number.POSITIVE_INFINITY;
}
