/** An exchange that only counts. It allocates nothing, so all memory that is counted is the client's. */
import { Buffer } from 'node:buffer';

/** Payloads in turn: at least as many as a window, since the floor writes those of a batch side by side in one call. */
const IN_TURN = 128;

/** An exchange for the clients of `peers`, without times. It checks the length of every reply, but not its bytes. */
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
   * @param {{ window: number, size: number, warmUp: number, messages: number }} task `warmUp` messages come before those that count
   * @param {() => void} onBegin called when all messages of the warm-up have been answered
   * @param {() => void} onEnd called when all messages that count have been answered; others of the window may be in flight
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

  /** Counts a reply. Returns whether another message is to be sent for it. */
  count() {
    this.#received++;
    if (this.#received === this.#warmUp) this.#onBegin();
    else if (this.#received === this.#all) this.#onEnd();
    return this.#received < this.#all;
  }

  /** Returns another message to send for the last reply: there is none. */
  more() {
    return undefined;
  }
}
