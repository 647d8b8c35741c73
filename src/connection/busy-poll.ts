/**
 * Keeps the event loop turning for a short while when a message is awaited. A thread that sleeps has to be woken,
 * which takes longer than most answers do (bench: request-response, across cores).
 *
 * A pending immediate makes the loop look for input without sleeping. One is kept pending from `begin` until a
 * message comes or the time is up. Polling stops altogether while answers come too late for it.
 */
import { now, setImmediate } from '../transport/clock.ts';
import { PollGate } from '../transport/poll-gate.ts';

/** The polling of one connection. */
export class BusyPoll {
  readonly #gate: PollGate;
  #isWaiting = false;
  /** When the loop first turned after `begin`: the request was sent by then. */
  #begun: number | undefined;
  /** Milliseconds that this wait may poll. */
  #length = 0;
  #isScheduled = false;

  /** @param length microseconds to poll at most */
  constructor(length: number) {
    this.#gate = new PollGate(length);
  }

  /** A message is awaited from now on. */
  begin(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#begun = undefined;
    this.#length = this.#gate.next();
    if (this.#length > 0) this.#schedule();
  }

  /** A message has come, or none is awaited any more. */
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
