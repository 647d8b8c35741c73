/**
 * Tells a peer that reads too slowly from one that was sent much at once.
 *
 * What is sent in one turn of the event loop is no fault of the peer's: it has had no chance to take any
 * of it. So the turn in which the limit is passed does not count, and what it added may wait besides. But
 * many requests can come in one turn, each with a long answer: so it has a limit as well.
 */
import { WebSocketError } from '../errors.ts';
import { nextTick, setImmediate } from './clock.ts';

/** How many times the limit may be sent in the turn in which it is passed. */
const MOST_IN_ONE_TURN = 16;

/** A connection that is judged. */
export interface Judged {
  readonly bufferedAmount: number;
  terminate(error: WebSocketError): void;
}

/** How much may wait for one peer. */
export class SlowPeerLimit {
  readonly #limit: number;
  readonly #judged: Judged;
  /** What waited when it was last within the limit. */
  #lastWithin = 0;
  /** How many bytes may wait, while it is more than the limit. */
  #allowance: number | undefined;
  #isTold = false;

  /** @param limit bytes that may wait */
  constructor(limit: number, judged: Judged) {
    this.#limit = limit;
    this.#judged = judged;
  }

  /**
   * Tells whether more waits than the peer can be excused for. The connection is lost then, once what runs
   * now is done: nobody finds it closed between two calls.
   */
  isPassed(): boolean {
    const { bufferedAmount } = this.#judged;
    if (bufferedAmount <= this.#limit) {
      this.#lastWithin = bufferedAmount;
      this.#allowance = undefined;
      return false;
    }
    if (this.#allowance === undefined) {
      this.#allowance = MOST_IN_ONE_TURN * this.#limit + bufferedAmount;
      setImmediate(endTurn, this);
    }
    if (bufferedAmount <= this.#allowance) return false;
    if (!this.#isTold) {
      this.#isTold = true;
      const message = `the peer reads too slowly: ${bufferedAmount} bytes wait to be sent, above maxBufferedAmount (${this.#limit})`;
      nextTick(() => this.#judged.terminate(new WebSocketError('WS_SLOW_PEER', message)));
    }
    return true;
  }

  /** @internal */
  endTurn(): void {
    if (this.#allowance === undefined) return;
    const added = this.#judged.bufferedAmount - this.#lastWithin;
    this.#allowance = this.#limit + Math.max(0, added);
  }
}

function endTurn(limit: SlowPeerLimit): void {
  limit.endTurn();
}
