/**
 * Decides whether spinning before sleeping pays: only while replies come within its length.
 */
import { availableParallelism } from 'node:os';

/** How long a blocking call spins by default where another processor can answer meanwhile, in µs. */
const DEFAULT_SPIN = 50;
/** While replies are slow, one wait in so many spins all the same, to see whether they still are. */
const PROBE_EVERY = 32;
/** A wait counts for so many times the spin's length at most: one long pause is soon forgotten. */
const MOST_COUNTED = 4;

/** One connection's gate. */
export class SpinGate {
  readonly #length: number;
  /** Running average of how long replies take, in ms. */
  #average = 0;
  #skipped = 0;

  /** @param microseconds the longest spin; by default 50, or none on a machine with one processor */
  constructor(microseconds: number = availableParallelism() < 2 ? 0 : DEFAULT_SPIN) {
    this.#length = microseconds / 1000;
  }

  /** Returns how many milliseconds the wait that begins now may spin. */
  next(): number {
    if (this.#average <= this.#length) return this.#length;
    this.#skipped++;
    if (this.#skipped < PROBE_EVERY) return 0;
    this.#skipped = 0;
    return this.#length;
  }

  /** Notes how many milliseconds a wait took, its spin included. */
  observe(waited: number): void {
    // Who sleeps sees replies later than they come: one in time says that spinning pays again.
    if (waited <= this.#length) this.#average = Math.min(this.#average, this.#length);
    const counted = Math.min(waited, MOST_COUNTED * this.#length);
    this.#average += (counted - this.#average) / 8;
  }
}
