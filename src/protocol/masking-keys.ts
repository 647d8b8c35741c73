/**
 * Masking keys, drawn in bulk: the system's generator costs more per call than per byte.
 */

/** Hands out masking keys from random bytes that it is given. */
export class MaskingKeys {
  readonly #fill: (keys: Uint8Array) => void;
  readonly #bytes: Uint8Array;
  readonly #keys: Uint32Array;
  #next: number;

  /**
   * @param fill fills the whole of an array with unpredictable bytes (RFC 6455 §5.3)
   * @param count how many keys are drawn at once
   */
  constructor(fill: (keys: Uint8Array) => void, count: number) {
    this.#fill = fill;
    this.#keys = new Uint32Array(count);
    this.#bytes = new Uint8Array(this.#keys.buffer);
    this.#next = count;
  }

  /** Returns the next key, as an unsigned 32-bit integer. */
  next(): number {
    if (this.#next === this.#keys.length) {
      this.#fill(this.#bytes);
      this.#next = 0;
    }
    const key = this.#keys[this.#next] as number;
    // A key that was used is no longer in memory to be read.
    this.#keys[this.#next++] = 0;
    return key;
  }
}
