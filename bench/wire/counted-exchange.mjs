/** An exchange that counts and no more: what it is asked for costs no memory, so that all that is counted is the client's. */
import { Buffer } from 'node:buffer';

/** As many as any window has: the floor writes those of one batch at once, side by side. */
const IN_TURN = 128;

/** What the clients of `peers` talk through, without times or comparisons: every length is checked. */
export class CountedExchange {
  isText = false;
  isCompressed = false;
  path = '/';
  stampSize = 0;
  window;
  payloads;
  expected;
  #warmUp;
  #all;
  #size;
  #onBegin;
  #onEnd;
  #sent = 0;
  #received = 0;

  /**
   * @param {{ window: number, size: number, warmUp: number, messages: number }} task messages before, and of, the counted part
   * @param {() => void} onBegin called when the warm-up has been answered
   * @param {() => void} onEnd called when all is answered that counts; the rest of the window may still be under way
   */
  constructor({ window, size, warmUp, messages }, onBegin, onEnd) {
    this.window = window;
    this.#warmUp = warmUp;
    this.#all = warmUp + messages;
    this.#size = size;
    this.#onBegin = onBegin;
    this.#onEnd = onEnd;
    const payload = Buffer.alloc(size, 7);
    this.payloads = Array.from({ length: IN_TURN }, () => payload);
    this.expected = this.payloads;
  }

  get isDone() {
    return this.#received >= this.#all && this.#received === this.#sent;
  }

  /** The next message to send. */
  next() {
    this.#sent++;
    return this.payloads[0];
  }

  /**
   * Takes a reply; returns the next message to send, or undefined when there is none.
   *
   * @param {Uint8Array} data
   */
  reply(data) {
    if (data.length !== this.#size) throw new Error(`a reply of ${data.length} bytes`);
    return this.count() ? this.next() : undefined;
  }

  /** Counts a reply; whether another message is to be sent for it. */
  count() {
    this.#received++;
    if (this.#received === this.#warmUp) this.#onBegin();
    else if (this.#received === this.#all) this.#onEnd();
    return this.#received < this.#all;
  }

  /** What else to send for the last reply: nothing. */
  more() {
    return undefined;
  }
}
