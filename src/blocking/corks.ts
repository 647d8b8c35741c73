/**
 * The calls of `cork` that are under way, on connections of blocking calls. What was sent within them leaves although the
 * process exits there, or the call is cut off: by Ctrl-C in a REPL, or the time limit of a `vm` script, which no
 * `finally` sees.
 */
import { now } from '../transport/clock.ts';
import type { BlockingDriver } from './blocking-driver.ts';

/** The connections of this thread that are within `cork`, the innermost last. */
const corked: Corks[] = [];
let watchesExit = false;
const FULFILLED = Promise.resolve();
/** Milliseconds by which a process exits later at most, for what a worker has not written yet. */
const MAX_EXIT_WAIT = 50;
/**
 * Where messages are answered within `cork`, so many bytes of answers leave before the next wait: the peer has work
 * meanwhile (bench: pipelined, of the sync client with `cork`).
 */
export const GOOD_BATCH: number = 16 * 1024;
/** Never notified, so a wait for it is a sleep. */
const unnotified = new Int32Array(new SharedArrayBuffer(4));

/** Counts the calls of `cork` of one connection, one within the other. */
export class Corks {
  readonly #driver: BlockingDriver;
  /** Milliseconds that sends within wait for the peer; 0 for ever. */
  timeout = 0;
  /** Whether a call within has sent what was gathered, since it had to wait. */
  hasSent = false;
  #depth = 0;
  #isWatched = false;

  constructor(driver: BlockingDriver) {
    this.#driver = driver;
  }

  get isInside(): boolean {
    return this.#depth > 0;
  }

  /** @param timeout of the outermost call, in milliseconds */
  enter(timeout: number): void {
    if (this.#depth++ === 0) {
      this.timeout = timeout;
      this.hasSent = false;
    }
    corked.push(this);
    if (!watchesExit) {
      watchesExit = true;
      process.on('exit', () => {
        for (const corks of corked) corks.#flushBeforeExit();
      });
    }
    // No microtask runs within a call of `cork`. One that finds a call under way comes after one that was cut off.
    if (this.#isWatched) return;
    this.#isWatched = true;
    void FULFILLED.then(() => {
      this.#isWatched = false;
      if (this.#depth > 0) this.#end();
    });
  }

  leave(): void {
    this.#depth--;
    corked.pop();
  }

  /** Sends what was sent within. Where a worker writes it, the worker is given the time to. */
  #flushBeforeExit(): void {
    this.#driver.flushAtOnce();
    const until = now() + MAX_EXIT_WAIT;
    while (this.#driver.bufferedAmount > 0 && now() < until) Atomics.wait(unnotified, 0, 0, 1);
  }

  /** Ends the calls that were cut off. */
  #end(): void {
    this.#depth = 0;
    corked.length = 0;
    this.#driver.flushAtOnce();
  }
}
