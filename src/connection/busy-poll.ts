/**
 * Keeps the event loop turning while something is awaited, for a short while: who sleeps has to be
 * woken, and that takes longer than most answers (bench: request-response, across cores).
 *
 * A pending immediate makes the loop look for input without sleeping. So one is kept pending from
 * {@link begin} until something comes or the time is up; and only while answers do come in time.
 */
import { now, setImmediate } from '../transport/clock.ts';
import { SpinGate } from '../transport/spin-gate.ts';

/** The polling of one connection. */
export class BusyPoll {
  readonly #gate: SpinGate;
  #isWaiting = false;
  /** When the loop first turned while waiting: what asks for the answer has been sent by then. */
  #begun: number | undefined;
  /** How many milliseconds the polling may take. */
  #length = 0;
  #isScheduled = false;

  /** @param length microseconds to poll at most */
  constructor(length: number) {
    this.#gate = new SpinGate(length);
  }

  /** Something is awaited from now on. */
  begin(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#begun = undefined;
    this.#length = this.#gate.next();
    if (this.#length > 0) this.#schedule();
  }

  /** Something has come, or nothing is awaited any more. */
  end(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#gate.observe(this.#begun === undefined ? 0 : now() - this.#begun);
  }

  /** @internal */
  turn(): void {
    this.#isScheduled = false;
    if (!this.#isWaiting) return;
    const time = now();
    this.#begun ??= time;
    if (time - this.#begun < this.#length) this.#schedule();
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
