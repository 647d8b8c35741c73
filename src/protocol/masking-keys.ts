/**
 * Masking keys, drawn many at a time: the system's random generator costs more per call than per byte.
 */
import { LocalProtocolError } from '../errors.ts';

/** Hands out masking keys from random bytes that it is given. */
export class MaskingKeys {
  readonly #fill: (keys: Uint8Array) => void;
  readonly #bytes: Uint8Array;
  readonly #keys: Uint32Array;
  #next: number;
  #isFilling = false;
  /** Whether `fill` itself asked for a key while it was drawing keys. */
  #isNested = false;

  /**
   * @param fill fills the whole array with unpredictable bytes (RFC 6455 §5.3)
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
   * @throws LocalProtocolError if `fill` sends a message, which needs a key itself
   */
  next(): number {
    if (this.#next === this.#keys.length) this.#draw();
    const key = this.#keys[this.#next] as number;
    // A used key is erased, so that it cannot be read from memory later.
    this.#keys[this.#next++] = 0;
    return key;
  }

  #draw(): void {
    this.#isNested = this.#isFilling;
    if (this.#isNested) throw nestedError();
    this.#isFilling = true;
    // RFC 6455 §5.3: "the masking key MUST be derived from a strong source of entropy".
    try {
      this.#fill(this.#bytes);
    } finally {
      this.#isFilling = false;
    }
    // The send inside `fill` has failed. The send around it fails too, even if `fill` caught the error.
    if (this.#isNested) throw nestedError();
    this.#next = 0;
  }
}

function nestedError(): LocalProtocolError {
  return new LocalProtocolError('a generator of masking keys must not send');
}
