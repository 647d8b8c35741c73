/**
 * A session's time limits as data: nothing here starts a timer. Times are milliseconds on any clock
 * that never goes back.
 */
import { TimeoutError } from '../errors.ts';

/** Time limits, in milliseconds; 0 switches one off. */
export interface TimeLimits {
  /** Time for the opening handshake, counted from the session's start. */
  readonly openTimeout: number;
  /** Time for the closing handshake and for the end of the TCP connection after it. */
  readonly closeTimeout: number;
  /** Silence from the peer after which the session pings it. */
  readonly pingInterval: number;
  /** Silence after that ping after which the session fails the connection. */
  readonly pingTimeout: number;
}

/** What a session must do when a deadline has passed: send a ping, or end for the given error. */
export type DueAction = 'ping' | TimeoutError | undefined;

/** How long a refused client may take to go, in milliseconds: its socket counts towards no limit. */
export const MAX_LINGER = 2000;
const NEVER = Number.POSITIVE_INFINITY;
/** Stands in for a time where there is none. */
const NONE = -1;

/**
 * Keeps the deadline of a session's current phase: opening, open or closing. Times are stored in
 * whole milliseconds, rounded up: each of the three fields would need memory of its own for a fraction.
 */
export class Deadlines {
  readonly #limits: TimeLimits;
  #phase: 'opening' | 'open' | 'closing' = 'opening';
  /** When the current phase must be over, or {@link NONE}. */
  #phaseEnd: number;
  /** When the peer last sent something. */
  #lastHeard: number;
  /**
   * When the unanswered keepalive ping was sent, or {@link NONE}. While that ping waits in the output,
   * this is when the system last took some of the output before it.
   */
  #pingSent = NONE;
  /** Whether that ping still waits in the output. */
  isPingWaiting = false;

  constructor(limits: TimeLimits, now: number) {
    this.#limits = limits;
    this.#lastHeard = Math.ceil(now);
    this.#phaseEnd = after(Math.ceil(now), limits.openTimeout);
  }

  /** Notes that the opening handshake is done. */
  opened(now: number): void {
    this.#phase = 'open';
    this.#phaseEnd = NONE;
    this.#lastHeard = Math.ceil(now);
  }

  /** Starts the time for closing, after a close frame or a failure. Only the first call counts. */
  closing(now: number): void {
    if (this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#phaseEnd = after(Math.ceil(now), this.#limits.closeTimeout);
  }

  /** Starts the time in which a refused client may read its answer and go. */
  refused(now: number): void {
    const { closeTimeout } = this.#limits;
    this.#phase = 'closing';
    this.#phaseEnd = after(
      Math.ceil(now),
      closeTimeout === 0 ? MAX_LINGER : Math.min(closeTimeout, MAX_LINGER),
    );
  }

  /** Notes that the peer sent something. */
  heard(now: number): void {
    this.#lastHeard = Math.ceil(now);
    this.#pingSent = NONE;
    this.isPingWaiting = false;
  }

  /** Notes that the keepalive ping waits in the output, behind earlier bytes. */
  pingWaits(): void {
    this.isPingWaiting = true;
  }

  /**
   * Notes that the system took some of the waiting output, or all of it. The peer may be dead all the
   * same, because the system buffers a good deal. But the peer cannot answer a ping that has not left,
   * so the time for the answer starts anew.
   */
  taken(now: number, isAll: boolean): void {
    if (!this.isPingWaiting) return;
    this.#pingSent = Math.ceil(now);
    this.isPingWaiting = !isAll;
  }

  /** Returns when {@link due} next asks for something; infinity for never. */
  next(): number {
    const next = this.#next();
    return next === NONE ? NEVER : next;
  }

  /** Returns what the session must do at the time `now`. */
  due(now: number): DueAction {
    if (now < this.next()) return undefined;
    const { openTimeout, closeTimeout, pingTimeout } = this.#limits;
    if (this.#phase === 'opening') return new TimeoutError('connect', openTimeout);
    if (this.#phase === 'closing') {
      return new TimeoutError(
        'close',
        closeTimeout,
        `the peer did not finish the closing handshake within ${closeTimeout} ms`,
      );
    }
    if (this.#pingSent === NONE) {
      this.#pingSent = Math.ceil(now);
      return 'ping';
    }
    return new TimeoutError(
      'keepalive',
      pingTimeout,
      `nothing came from the peer for ${pingTimeout} ms after a ping`,
    );
  }

  #next(): number {
    if (this.#phase !== 'open') return this.#phaseEnd;
    if (this.#pingSent !== NONE) return after(this.#pingSent, this.#limits.pingTimeout);
    return after(this.#lastHeard, this.#limits.pingInterval);
  }
}

function after(start: number, limit: number): number {
  return limit === 0 ? NONE : start + Math.ceil(limit);
}
