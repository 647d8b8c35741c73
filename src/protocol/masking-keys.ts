/**
 * Masking keys, drawn in bulk: the system's generator costs more per call than per byte.
 */
import { LocalProtocolError } from '../errors.ts';

/** Hands out masking keys from random bytes that it is given. */
export class MaskingKeys {
  readonly #fill: (keys: Uint8Array) => void;
  readonly #bytes: Uint8Array;
  readonly #keys: Uint32Array;
  #next: number;
  #isFilling = false;
  /** Whether a key was asked for while keys were being drawn. */
  #isNested = false;

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

  /**
   * Returns the next key, as an unsigned 32-bit integer.
   *
   * @throws what `fill` throws
   * @throws LocalProtocolError if `fill` has asked for a key itself, by sending
   */
  next(): number {
    if (this.#next === this.#keys.length) this.#draw();
    const key = this.#keys[this.#next] as number;
    // A key that was used is no longer in memory to be read.
    this.#keys[this.#next++] = 0;
    return key;
  }

  #draw(): void {
    this.#isNested = this.#isFilling;
    if (this.#isNested) throw nestedError();
    this.#isFilling = true;
    try {
      this.#fill(this.#bytes);
    } finally {
      this.#isFilling = false;
    }
    // What was drawn may have been used for the frame within.
    if (this.#isNested) throw nestedError();
    this.#next = 0;
  }
}

function nestedError(): LocalProtocolError {
  return new LocalProtocolError('a generator of masking keys must not send');
}
