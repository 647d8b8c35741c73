/**
 * Lends buffers in which messages are assembled, and takes them back. A steady stream of messages
 * therefore allocates nothing, and an idle connection owns no buffer.
 */

/** The sizes of buffers are powers of two; the smallest is 2 to this power, 1 KiB. */
const MIN_ORDER = 10;
/** Buffers of up to this size stay in the pool. */
const MAX_HELD_SIZE = 1 << 20;
/** At most this many unused buffers of one such size stay in the pool. */
const MAX_HELD_PER_SIZE = 4;
/**
 * Of each larger size up to this one, the pool remembers one buffer, which the garbage collector may
 * take. A new buffer of that size costs more: the system has to find and clear thousands of pages.
 */
const MAX_POOLED_SIZE = 1 << 27;

/** A pool of byte buffers, by size. */
export class BytePool {
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  readonly #large = new Map<number, WeakRef<Uint8Array<ArrayBuffer>>>();

  /** Lends a buffer of at least `size` bytes (1 or more). It still holds what its last borrower wrote. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > MAX_POOLED_SIZE) return new Uint8Array(size);
    const length = 1 << Math.max(MIN_ORDER, 32 - Math.clz32(size - 1));
    const held = length > MAX_HELD_SIZE ? this.#takeLarge(length) : this.#free.get(length)?.pop();
    return held ?? new Uint8Array(length);
  }

  /** Takes back a buffer that `take` lent. */
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
