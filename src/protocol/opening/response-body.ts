/**
 * Reads the body of a response that refuses the upgrade (RFC 9112 §6). The body often says why, so the
 * error for the user has it.
 */
import type { HeaderMap } from './head.ts';
import { parseList } from './head.ts';

/** Most bytes of a body that are read; the rest is not waited for. */
export const MAX_BODY_SIZE: number = 64 * 1024;
/** Most digits of a chunk's size. */
const MAX_CHUNK_DIGITS = 8;
/** Most bytes of the line before a chunk. */
const MAX_CHUNK_LINE = 256;
const LF = 0x0a;

/** A body: of a known length, in chunks, or up to the end of the connection. */
export class ResponseBody {
  /** Whether no more bytes are read. */
  isComplete = false;
  #kept = new Uint8Array(0);
  #length = 0;
  readonly #isChunked: boolean;
  /** Bytes that have not arrived: of the body, or of the current chunk and the line end after it. */
  #left: number;
  /** What has arrived of the line before a chunk. */
  #line = '';

  constructor(status: number, headers: HeaderMap) {
    const codings = headers.get('transfer-encoding');
    this.#isChunked = parseList(codings).at(-1)?.toLowerCase() === 'chunked';
    this.#left = this.#isChunked
      ? 0
      : parseLength(codings === undefined ? headers.get('content-length') : undefined);
    // RFC 9112 §6.3: responses with these statuses have no body, whatever their headers say.
    const hasNoBody = status < 200 || status === 204 || status === 304;
    this.isComplete = hasNoBody || (!this.#isChunked && this.#left === 0);
  }

  /** The bytes that have been read so far. */
  get bytes(): Uint8Array {
    return this.#kept.subarray(0, this.#length);
  }

  /** Reads from `bytes[start, end)` and returns the offset of the first byte that was not read. */
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
    // The line end after a chunk is not part of the body.
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
      // These are no chunks. The body ends with the bytes read so far.
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

/** Parses `Content-Length`. Without a valid one, the body ends with the connection. */
function parseLength(declared = ''): number {
  return /^[0-9]{1,15}$/.test(declared) ? Number(declared) : Number.POSITIVE_INFINITY;
}
