/**
 * What was read from a socket and not delivered, because the session was halted, and the end of the
 * connection, which comes after it.
 */
import { nextTick } from './clock.ts';

const NOTHING = new Uint8Array(0);

/** The bytes of one connection that wait to be delivered. Most connections never have any. */
export class Undelivered {
  #bytes: Uint8Array = NOTHING;
  readonly #deliver: () => void;
  #isScheduled = false;
  /** What to do once all has been delivered: the connection has ended meanwhile. */
  end: (() => void) | undefined;

  /** @param deliver is called in a tick after each {@link schedule} */
  constructor(deliver: () => void) {
    this.#deliver = deliver;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Adds a copy of `bytes[start, end)` to what waits. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const rest = new Uint8Array(this.#bytes.length + end - start);
    rest.set(this.#bytes);
    rest.set(bytes.subarray(start, end), this.#bytes.length);
    this.#bytes = rest;
  }

  /** Takes out all that waits. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    return bytes;
  }

  /** Puts back what could not be delivered of what was taken out. */
  putBack(rest: Uint8Array): void {
    this.#bytes = rest;
  }

  /** Forgets what waits: the connection is over. */
  clear(): void {
    this.#bytes = NOTHING;
    this.end = undefined;
  }

  /** Has what waits delivered in a tick. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }
}
