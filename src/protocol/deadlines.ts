/**
 * A session's time limits as data. Times are milliseconds on any clock that never goes back.
 */
import { TimeoutError } from '../errors.ts';

/** Time limits, in milliseconds; 0 switches one off. */
export interface TimeLimits {
  /** For the opening handshake, from the session's start. */
  readonly openTimeout: number;
  /** For the closing handshake and the end of the TCP connection after it. */
  readonly closeTimeout: number;
  /** Silence from the peer after which it is pinged. */
  readonly pingInterval: number;
  /** Silence after such a ping that fails the connection. */
  readonly pingTimeout: number;
}

/** What a session must do when its time has come. */
export type DueAction = 'ping' | TimeoutError | undefined;

const NEVER = Number.POSITIVE_INFINITY;
/** In place of a time: none. */
const NONE = -1;

/**
 * Keeps the deadline that counts in each phase of a session: opening, open, closing. In whole
 * milliseconds, rounded up: fractions would take a connection three numbers' memory more.
 */
export class Deadlines {
  readonly #limits: TimeLimits;
  #phase: 'opening' | 'open' | 'closing' = 'opening';
  /** When the present phase must be over, or {@link NONE}. */
  #phaseEnd: number;
  /** When the last sign of life came. */
  #lastHeard: number;
  /** When the keepalive ping under way was sent, or something before it last moved, or {@link NONE}. */
  #pingSent = NONE;
  /** Whether that ping is still behind what waits to be sent. */
  #isPingWaiting = false;

  constructor(limits: TimeLimits, now: number) {
    this.#limits = limits;
    this.#lastHeard = Math.ceil(now);
    this.#phaseEnd = after(Math.ceil(now), limits.openTimeout);
  }

  /** The opening handshake is done. */
  opened(now: number): void {
    this.#phase = 'open';
    this.#phaseEnd = NONE;
    this.#lastHeard = Math.ceil(now);
  }

  /** The closing handshake has begun, or what stands for it; its time runs from the first call. */
  closing(now: number): void {
    if (this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#phaseEnd = after(Math.ceil(now), this.#limits.closeTimeout);
  }

  /** Bytes came from the peer. */
  heard(now: number): void {
    this.#lastHeard = Math.ceil(now);
    this.#pingSent = NONE;
    this.#isPingWaiting = false;
  }

  /** The ping that is due comes behind others, which wait. */
  pingWaits(): void {
    this.#isPingWaiting = true;
  }

  /**
   * Some of what waits was taken, or all of it. That is no sign of life, for the system takes a good
   * deal by itself; but a ping that has not left cannot have been answered.
   */
  taken(now: number, isAll: boolean): void {
    if (!this.#isPingWaiting) return;
    this.#pingSent = Math.ceil(now);
    this.#isPingWaiting = !isAll;
  }

  /** When {@link due} next has something to say; infinity for never. */
  next(): number {
    const next = this.#next();
    return next === NONE ? NEVER : next;
  }

  /** Says what the time asks for. */
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
