/**
 * Tells a peer that reads too slowly from one that was sent much at once.
 *
 * What is sent in one turn of the event loop is no fault of the peer's: it has had no chance to take any
 * of it. So the turn in which the limit is passed does not count, and what it added may wait besides. But
 * many requests can come in one turn, each with a long answer: so it has a limit as well.
 */
import { setImmediate } from './clock.ts';

/** How many times the limit may be sent in the turn in which it is passed. */
const MOST_IN_ONE_TURN = 16;

/** Judges one peer, from when more waits for it than the limit until that is so no more. */
export class SlowPeerGate {
  readonly #limit: number;
  readonly #bufferedAmount: () => number;
  /** How many bytes may wait. */
  #allowance: number;

  /**
   * @param limit bytes that may wait
   * @param before bytes that waited when they were last within the limit
   * @param bufferedAmount says how many bytes wait
   */
  constructor(limit: number, before: number, bufferedAmount: () => number) {
    this.#limit = limit;
    this.#bufferedAmount = bufferedAmount;
    this.#allowance = MOST_IN_ONE_TURN * limit + bufferedAmount();
    setImmediate(endTurn, this, before);
  }

  /** Whether more waits than the peer can be excused for. */
  get isTooSlow(): boolean {
    return this.#bufferedAmount() > this.#allowance;
  }

  /** @internal */
  endTurn(before: number): void {
    this.#allowance = this.#limit + Math.max(0, this.#bufferedAmount() - before);
  }
}

function endTurn(gate: SlowPeerGate, before: number): void {
  gate.endTurn(before);
}
