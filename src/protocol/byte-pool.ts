/**
 * Buffers for messages under assembly, lent and given back, so that a steady stream allocates
 * nothing and an idle connection owns nothing.
 */

/** Size classes are powers of two from 1 KiB to 1 MiB, whose buffers are kept. */
const MIN_ORDER = 10;
const MAX_HELD_SIZE = 1 << 20;
/** Buffers kept per size class. */
const MAX_HELD_PER_SIZE = 4;
/**
 * Classes above that, up to 128 MiB, have one buffer each that the garbage collector may take: a new one is
 * thousands of pages that the system has to find and clear.
 */
const MAX_POOLED_SIZE = 1 << 27;

/** A pool of byte buffers, by size. */
export class BytePool {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  readonly #large = new Map<number, WeakRef<Uint8Array<ArrayBuffer>>>();

  /** Lends a buffer of at least `size` bytes (1 or more); its content is whatever it was. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > MAX_POOLED_SIZE) return new Uint8Array(size);
    const length = 1 << Math.max(MIN_ORDER, 32 - Math.clz32(size - 1));
    const held = length > MAX_HELD_SIZE ? this.#takeLarge(length) : this.#free.get(length)?.pop();
    return held ?? new Uint8Array(length);
  }

  /** Takes back a buffer that was lent. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const { length } = buffer;
    if (length > MAX_POOLED_SIZE) return;
    if (length > MAX_HELD_SIZE) {
      this.#large.set(length, new WeakRef(buffer));
      return;
    }
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [buffer]);
    else if (free.length < MAX_HELD_PER_SIZE) free.push(buffer);
  }

  #takeLarge(length: number): Uint8Array<ArrayBuffer> | undefined {
    const buffer = this.#large.get(length)?.deref();
    this.#large.delete(length);
    return buffer;
  }
}

/** The pool that all connections of a thread share. */
export const sharedBytePool: BytePool = new BytePool();
