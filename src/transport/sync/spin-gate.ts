/**
 * Decides whether spinning before sleeping pays: only while replies come within its length.
 */
import { cpus } from 'node:os';

/** How long a blocking call spins by default where another processor can answer meanwhile, in µs. */
const DEFAULT_SPIN = 50;
/** While replies are slow, one wait in so many spins all the same, to see whether they still are. */
const FIRST_PROBE = 32;
/** It becomes fewer while they are: where the server waits for this very processor, a probe costs its length. */
const RAREST_PROBE = 1024;
/** A wait counts for so many times the spin's length at most: one long pause is soon forgotten. */
const MOST_COUNTED = 4;

/** One connection's gate. */
export class SpinGate {
  readonly #length: number;
  /** Running average of how long replies take while this spins, in ms. */
  #average = 0;
  #isSpinning = false;
  #skipped = 0;
  #probeEvery = FIRST_PROBE;

  /**
   * @param microseconds the longest spin; by default 50, or none on a machine with one processor. What
   * this process may run on says nothing: the server may run on another.
   */
  constructor(microseconds: number = cpus().length < 2 ? 0 : DEFAULT_SPIN) {
    this.#length = microseconds / 1000;
  }

  /** Returns how many milliseconds the wait that begins now may spin. */
  next(): number {
    this.#isSpinning = this.#average <= this.#length || ++this.#skipped >= this.#probeEvery;
    return this.#isSpinning ? this.#length : 0;
  }

  /** Notes how many milliseconds a wait took, its spin included. */
  observe(waited: number): void {
    // A reply to who slept says nothing: beside the server on one processor it comes because of that.
    if (!this.#isSpinning) return;
    if (waited <= this.#length) {
      this.#average = Math.min(this.#average, this.#length);
      this.#probeEvery = FIRST_PROBE;
    } else if (this.#average > this.#length) {
      this.#probeEvery = Math.min(2 * this.#probeEvery, RAREST_PROBE);
    }
    this.#skipped = 0;
    const counted = Math.min(waited, MOST_COUNTED * this.#length);
    this.#average += (counted - this.#average) / 8;
  }
}
