/**
 * Buffers for messages under assembly, lent and given back, so that a steady stream allocates
 * nothing and an idle connection owns nothing.
 */

/** Size classes are powers of two from 1 KiB to 1 MiB; anything larger is not kept. */
const SMALLEST_ORDER = 10;
const LARGEST = 1 << 20;
/** Buffers kept per size class. */
const KEPT = 4;

/** A pool of byte buffers, by size. */
export class BytePool {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();

  /** Lends a buffer of at least `size` bytes (1 or more); its content is whatever it was. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > LARGEST) return new Uint8Array(size);
    const length = 1 << Math.max(SMALLEST_ORDER, 32 - Math.clz32(size - 1));
    return this.#free.get(length)?.pop() ?? new Uint8Array(length);
  }

  /** Takes back a buffer that was lent. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length > LARGEST) return;
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else if (free.length < KEPT) free.push(buffer);
  }
}

/** The pool that all connections of a thread share. */
export const sharedBytePool: BytePool = new BytePool();
