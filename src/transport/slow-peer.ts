/**
 * Tells a peer that reads too slowly from a peer that was sent much at once.
 *
 * A peer cannot read anything within one turn of the event loop. So what is sent in the turn in which the limit is
 * passed may wait besides. That turn has a limit too: many requests may come in it, each with a long answer.
 */
import { WebSocketError } from '../errors.ts';
import { nextTick, setImmediate } from './clock.ts';

/** How many times the limit may be sent in the turn in which it is passed. */
const MAX_IN_ONE_TURN = 16;

/** The connection of the peer. */
export interface Judged {
  readonly bufferedAmount: number;
  terminate(error: WebSocketError): void;
}

/** The limit of the bytes that may wait for one peer. */
export class SlowPeerLimit {
  readonly #limit: number;
  readonly #judged: Judged;
  /** Bytes that waited when they were last within the limit. */
  #lastWithin: number;
  /** While more bytes than the limit wait: how many may. */
  #allowance: number | undefined;
  #isTerminating = false;

  /**
   * @param limit bytes that may wait
   * @param lastWithin bytes that waited when they were last within the limit
   */
  constructor(limit: number, judged: Judged, lastWithin: number) {
    this.#limit = limit;
    this.#judged = judged;
    this.#lastWithin = lastWithin;
  }

  /**
   * Tells whether more bytes wait than are allowed. If so, the connection is terminated in the next tick: the program
   * does not find it closed between two of its calls.
   */
  isPassed(): boolean {
    const { bufferedAmount } = this.#judged;
    if (bufferedAmount <= this.#limit) {
      this.#lastWithin = bufferedAmount;
      this.#allowance = undefined;
      return false;
    }
    if (this.#allowance === undefined) {
      this.#allowance = MAX_IN_ONE_TURN * this.#limit + bufferedAmount;
      setImmediate(endTurn, this);
    }
    if (bufferedAmount <= this.#allowance) return false;
    if (!this.#isTerminating) {
      this.#isTerminating = true;
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
