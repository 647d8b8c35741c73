/**
 * Keeps the event loop turning while a reply is awaited, for a short while: waking a thread that sleeps takes
 * longer than most replies (bench: request-response, across cores).
 *
 * A pending immediate makes the loop look for input without sleeping. So one is kept pending from {@link BusyPoll.begin}
 * until something comes or the time is up; a {@link PollGate} decides whether that pays.
 */
import { now, setImmediate } from '../transport/clock.ts';
import type { PollGate } from '../transport/poll-gate.ts';

/** Connections of a thread that poll at a time: with more of them the loop hardly sleeps anyway. */
const MAX_POLLING = 4;

/** How many connections poll at present. */
let polling = 0;

/** The polling of one connection. */
export class BusyPoll {
  readonly #gate: PollGate;
  #isWaiting = false;
  /** Whether the gate is told of this wait. */
  #isObserved = false;
  /** When the wait began; 0 while that is not known. */
  #begun = 0;
  /** How many milliseconds the polling may take. */
  #length = 0;
  #isScheduled = false;
  /** Whether the polling has ended without a reply. */
  #isLate = false;

  constructor(gate: PollGate) {
    this.#gate = gate;
  }

  /** A reply is awaited from now on. */
  begin(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#isObserved = polling < MAX_POLLING;
    if (!this.#isObserved) return;
    const gate = this.#gate;
    this.#length = gate.next();
    this.#isLate = false;
    this.#begun = gate.isMeasuring ? now() : 0;
    if (this.#length > 0) this.#schedule();
  }

  /** A message has come. */
  end(): void {
    this.#gate.messages++;
    this.cancel();
  }

  /** Nothing is awaited any more. */
  cancel(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    if (!this.#isObserved) return;
    if (this.#gate.isMeasuring) this.#gate.observe(now() - this.#begun);
    else this.#gate.observe(this.#isLate ? Number.POSITIVE_INFINITY : 0);
  }

  /** @internal */
  turn(): void {
    this.#isScheduled = false;
    polling--;
    if (!this.#isWaiting || !this.#isObserved) return;
    const time = now();
    if (this.#begun === 0) this.#begun = time;
    if (time - this.#begun < this.#length) this.#schedule();
    else this.#isLate = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    polling++;
    setImmediate(turn, this);
  }
}

function turn(poll: BusyPoll): void {
  poll.turn();
}
