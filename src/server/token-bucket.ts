/**
 * Limits a rate: as many tokens come back per second as the bucket holds.
 */
export class TokenBucket {
  readonly #size: number;
  #tokens: number;
  /** When tokens came back last. */
  #filled: number;

  /**
   * @param size tokens of the full bucket, and tokens per second
   * @param now milliseconds
   */
  constructor(size: number, now: number) {
    this.#size = size;
    this.#tokens = size;
    this.#filled = now;
  }

  /** Takes a token; false if there is none. */
  take(now: number): boolean {
    if (this.#tokens < this.#size) {
      const gained = ((now - this.#filled) / 1000) * this.#size;
      this.#tokens = Math.min(this.#size, this.#tokens + gained);
    }
    this.#filled = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Returns after how many seconds there is a token again, rounded up, at least 1. */
  wait(): number {
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.#size));
  }
}
