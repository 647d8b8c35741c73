/**
 * Closes connections whose time is over: idle ones, old ones, and those whose client takes nothing of what waits for it.
 *
 * One timer looks at all connections of a server, so a limit is kept with an accuracy of a tenth of its length.
 */
import { WebSocketError } from '../errors.ts';
import type { ResolvedLimits } from '../options/options.ts';
import { CloseCode } from '../protocol/close-code.ts';
import { clearInterval, now, setInterval } from '../transport/clock.ts';
import type { OwnSocket } from '../transport/socket.ts';
import { WriteProgress } from '../transport/write-progress.ts';
import type { Counts } from './counts.ts';
import type { ServerConnection } from './server-connection.ts';

/** What a connection did when it was last looked at. */
interface Watched {
  /** Messages that have gone either way. */
  messages: number;
  /** When the last of them was noticed. */
  activeAt: number;
  /** Bytes that the system had taken in whole writes. */
  taken: number;
  /** Finds what the system has taken of a write. */
  readonly progress: WriteProgress;
  /** When the system last took some, or nothing waited. */
  takenAt: number;
}

/** The longest time between two looks, in milliseconds. */
const MAX_INTERVAL = 10_000;
/** The shortest one. */
const MIN_INTERVAL = 20;

/** Looks after the connections of one server. */
export class Sweep<T> {
  readonly #limits: ResolvedLimits;
  readonly #counts: Counts;
  readonly #watched = new Map<ServerConnection<T>, Watched>();
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;

  private constructor(limits: ResolvedLimits, counts: Counts, shortest: number) {
    this.#limits = limits;
    this.#counts = counts;
    this.#interval = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, shortest / 10));
  }

  /** Makes a sweep for a server; `undefined` if no limit needs one. */
  static for<T>(limits: ResolvedLimits, server: { readonly counts: Counts }): Sweep<T> | undefined {
    const { idleTimeout, lifetime, sendTimeout } = limits;
    const times = [idleTimeout, lifetime, sendTimeout].filter((time) => time > 0);
    if (times.length === 0) return undefined;
    return new Sweep<T>(limits, server.counts, Math.min(...times));
  }

  add(connection: ServerConnection<T>): void {
    const time = now();
    this.#watched.set(connection, {
      messages: 0,
      activeAt: time,
      taken: 0,
      progress: new WriteProgress(),
      takenAt: time,
    });
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), this.#interval);
    this.#timer.unref();
  }

  remove(connection: ServerConnection<T>): void {
    this.#watched.delete(connection);
    if (this.#watched.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const time = now();
    for (const [connection, watched] of this.#watched) {
      if (connection.state === 'open') this.#lookAt(connection, watched, time);
    }
  }

  #lookAt(connection: ServerConnection<T>, watched: Watched, time: number): void {
    const { idleTimeout, lifetime, sendTimeout } = this.#limits;
    const { messagesReceived, messagesSent } = connection.stats();
    const messages = messagesReceived + messagesSent;
    if (messages !== watched.messages) {
      watched.messages = messages;
      watched.activeAt = time;
    }
    if (sendTimeout > 0 && this.#isStuck(connection, watched, time)) {
      this.#cutOff(connection);
    } else if (lifetime > 0 && time - connection.admission.openedAt >= lifetime) {
      this.#counts.limited.lifetime++;
      void connection.close(CloseCode.goingAway, 'the connection has lasted its time');
    } else if (idleTimeout > 0 && time - watched.activeAt >= idleTimeout) {
      this.#counts.limited.idleTimeout++;
      void connection.close(CloseCode.goingAway, 'idle');
    }
  }

  #isStuck(connection: ServerConnection<T>, watched: Watched, time: number): boolean {
    const socket = connection.driver.socket as OwnSocket;
    const taken = socket.bytesWritten - socket.writableLength;
    const hasMoved = watched.progress.hasMoved(socket);
    if (connection.bufferedAmount === 0 || taken !== watched.taken || hasMoved) {
      watched.taken = taken;
      watched.takenAt = time;
    }
    return time - watched.takenAt >= this.#limits.sendTimeout;
  }

  #cutOff({ driver, bufferedAmount }: ServerConnection<T>): void {
    const message = `the peer takes nothing of ${bufferedAmount} bytes that wait for it, longer than sendTimeout (${this.#limits.sendTimeout} ms)`;
    driver.terminate(new WebSocketError('WS_SLOW_PEER', message));
  }
}
