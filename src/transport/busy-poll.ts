/**
 * Keeps the event loop turning while something is awaited, for a short while: who sleeps has to be
 * woken, and that takes longer than most answers (bench: request-response, across cores).
 *
 * A pending immediate makes the loop look for input without sleeping. So one is kept pending from
 * {@link begin} until something comes or the time is up; and only while answers do come in time.
 */
import { now } from './clock.ts';
import { SpinGate } from './sync/spin-gate.ts';

/** The polling of one connection. */
export class BusyPoll {
  readonly #gate: SpinGate;
  /** When the wait began, or nothing while nothing is awaited. */
  #begun: number | undefined;
  /** When the polling is to end, whether anything has come or not. */
  #end = 0;
  #isScheduled = false;

  /** @param length microseconds to poll at most */
  constructor(length: number) {
    this.#gate = new SpinGate(length);
  }

  /** Something is awaited from now on. */
  begin(): void {
    if (this.#begun !== undefined) return;
    this.#begun = now();
    this.#end = this.#begun + this.#gate.next();
    if (this.#end > this.#begun) this.#schedule();
  }

  /** Something has come, or nothing is awaited any more. */
  end(): void {
    if (this.#begun === undefined) return;
    this.#gate.observe(now() - this.#begun);
    this.#begun = undefined;
  }

  /** @internal */
  turn(): void {
    this.#isScheduled = false;
    if (this.#begun !== undefined && now() < this.#end) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(turn, this);
  }
}

function turn(poll: BusyPoll): void {
  poll.turn();
}
