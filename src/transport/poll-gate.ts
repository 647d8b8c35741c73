/**
 * Decides whether a wait polls before it sleeps. Polling pays only while replies come before it ends.
 */
import { cpus } from 'node:os';

/**
 * Microseconds that a blocking call polls by default, if another processor can answer meanwhile. Over TLS the server
 * takes longer: a poll of 50 µs would end just before most replies (bench: tls-other-core).
 */
const DEFAULT_POLL = { plain: 50, tls: 100 };
/** While replies are slow, a probe follows after so many waits: some waits poll, to see whether replies are still slow. */
const MIN_PROBE_INTERVAL = 32;
/** The interval doubles up to so many waits: where the server waits for this very processor, a probe only delays it. */
const MAX_PROBE_INTERVAL = 1024;
/** Waits of one probe. The first reply may be slow since it wakes the server's processor. */
const PROBE_LENGTH = 4;
/** A wait counts as so many times the poll's length at most, so that the average soon forgets a long pause. */
const MAX_COUNTED = 4;

let hasOthers: boolean | undefined;

/**
 * Returns how many microseconds a call polls by default. All processors of the machine count, also those that this
 * process may not use: the server may run there. They are counted once, since that takes 0.1 ms.
 */
export function defaultPoll(isSecure: boolean): number {
  hasOthers ??= cpus().length > 1;
  return hasOthers ? DEFAULT_POLL[isSecure ? 'tls' : 'plain'] : 0;
}

/** Decides for the waits of one connection. */
export class PollGate {
  /** Milliseconds. */
  readonly #length: number;
  /** The running average of waits that poll, in milliseconds. */
  #average = 0;
  #isPolling = false;
  /** Waits until the next probe. */
  #untilProbe = MIN_PROBE_INTERVAL;
  /** Waits left of the present probe. */
  #probing = 0;
  #probeInterval = MIN_PROBE_INTERVAL;

  /** @param microseconds the longest poll */
  constructor(microseconds: number) {
    this.#length = microseconds / 1000;
  }

  /** Begins a wait, and returns how many milliseconds it may poll. */
  next(): number {
    const isSlow = this.#average > this.#length;
    if (isSlow && this.#probing === 0 && --this.#untilProbe === 0) this.#probing = PROBE_LENGTH;
    this.#isPolling = !isSlow || this.#probing > 0;
    return this.#isPolling ? this.#length : 0;
  }

  /** Ends a wait that took so many milliseconds, its poll included. */
  observe(waited: number): void {
    // A wait without a poll says nothing: if the server shares the processor, sleeping is what lets it reply.
    if (!this.#isPolling) return;
    if (waited <= this.#length) {
      this.#average = Math.min(this.#average, this.#length);
      this.#countToProbe(MIN_PROBE_INTERVAL);
    } else if (this.#probing > 0 && --this.#probing === 0) {
      this.#countToProbe(Math.min(2 * this.#probeInterval, MAX_PROBE_INTERVAL));
    }
    const counted = Math.min(waited, MAX_COUNTED * this.#length);
    this.#average += (counted - this.#average) / 8;
  }

  /** Begins to count the waits until the next probe. */
  #countToProbe(interval: number): void {
    this.#probing = 0;
    this.#probeInterval = interval;
    this.#untilProbe = interval;
  }
}
