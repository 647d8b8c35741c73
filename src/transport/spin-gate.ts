/**
 * Decides whether spinning before sleeping pays: only while replies come within its length.
 */
import { cpus } from 'node:os';

/**
 * How long a blocking call spins by default where another processor can answer meanwhile, in µs. Over TLS the server
 * has more to do first, and half as long would end just before most replies (bench: tls-other-core).
 */
const DEFAULT_SPIN = { plain: 50, tls: 100 };
/** While replies are slow, so many waits pass before some spin all the same, to see whether they still are. */
const FIRST_PROBE = 32;
/** They become more while they are: where the server waits for this very processor, a probe costs its length. */
const RAREST_PROBE = 1024;
/** Waits of a probe: the first reply has to wake a server's sleeping processor, which is fast once it is awake. */
const PROBE_LENGTH = 4;
/** A wait counts for so many times the spin's length at most: one long pause is soon forgotten. */
const MOST_COUNTED = 4;

let hasOthers: boolean | undefined;

/**
 * How long a call spins unless told otherwise, in µs. What this process may run on says nothing: the server may
 * run on another processor. Asked once: the system takes a tenth of a millisecond to count them.
 */
export function usualSpin(isSecure: boolean): number {
  hasOthers ??= cpus().length > 1;
  return hasOthers ? DEFAULT_SPIN[isSecure ? 'tls' : 'plain'] : 0;
}

/** One connection's gate. */
export class SpinGate {
  readonly #length: number;
  /** Running average of how long replies take while this spins, in ms. */
  #average = 0;
  #isSpinning = false;
  /** Waits until the next probe, and those left of the present one. */
  #untilProbe = FIRST_PROBE;
  #probing = 0;
  #probeEvery = FIRST_PROBE;

  /** @param microseconds the longest spin */
  constructor(microseconds: number) {
    this.#length = microseconds / 1000;
  }

  /** Returns how many milliseconds the wait that begins now may spin. */
  next(): number {
    const isSlow = this.#average > this.#length;
    if (isSlow && this.#probing === 0 && --this.#untilProbe === 0) this.#probing = PROBE_LENGTH;
    this.#isSpinning = !isSlow || this.#probing > 0;
    return this.#isSpinning ? this.#length : 0;
  }

  /** Notes how many milliseconds a wait took, its spin included. */
  observe(waited: number): void {
    // A reply to who slept says nothing: beside the server on one processor it comes because of that.
    if (!this.#isSpinning) return;
    if (waited <= this.#length) {
      this.#average = Math.min(this.#average, this.#length);
      this.#begin(FIRST_PROBE);
    } else if (this.#probing > 0 && --this.#probing === 0) {
      this.#begin(Math.min(2 * this.#probeEvery, RAREST_PROBE));
    }
    const counted = Math.min(waited, MOST_COUNTED * this.#length);
    this.#average += (counted - this.#average) / 8;
  }

  /** Begins to count the waits until the next probe. */
  #begin(probeEvery: number): void {
    this.#probing = 0;
    this.#probeEvery = probeEvery;
    this.#untilProbe = probeEvery;
  }
}
