/**
 * A first-in, first-out queue over a ring: adding and removing take the same time at any length.
 */

/** The length of a ring at first. */
const FIRST_SIZE = 16;
const NOTHING: never[] = [];

/** A first-in, first-out queue. */
export class RingQueue<T> {
  /** Its length is a power of two, or 0 before the first item. */
  #ring: (T | undefined)[] = NOTHING;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item;
    this.#length++;
  }

  /** Removes and returns the oldest item; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return item;
  }

  #grow(): void {
    const ring = this.#ring;
    if (ring.length === 0) {
      this.#ring = new Array(FIRST_SIZE);
      return;
    }
    const ordered = [...ring.slice(this.#head), ...ring.slice(0, this.#head)];
    this.#ring = ordered.concat(new Array(ring.length));
    this.#head = 0;
  }
}
