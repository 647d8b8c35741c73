/**
 * Bytes that were read while the session was halted, and the end of the connection if that came behind them.
 */
import { nextTick } from './clock.ts';

const NOTHING = new Uint8Array(0);

/** The bytes of one connection that wait to be delivered. */
export class Undelivered {
  #bytes: Uint8Array = NOTHING;
  readonly #deliver: () => void;
  #isScheduled = false;
  /** Called when all bytes have been delivered, if the connection has ended meanwhile. */
  end: (() => void) | undefined;

  /** @param deliver called in the next tick after `schedule` */
  constructor(deliver: () => void) {
    this.#deliver = deliver;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Adds a copy of `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const rest = new Uint8Array(this.#bytes.length + end - start);
    rest.set(this.#bytes);
    rest.set(bytes.subarray(start, end), this.#bytes.length);
    this.#bytes = rest;
  }

  /** Takes all bytes out. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    return bytes;
  }

  /** Puts back the bytes that could not be delivered. */
  putBack(rest: Uint8Array): void {
    this.#bytes = rest;
  }

  /** Drops the bytes and the end: the connection is over. */
  clear(): void {
    this.#bytes = NOTHING;
    this.end = undefined;
  }

  /** Calls `deliver` in the next tick. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }
}
