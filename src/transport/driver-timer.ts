/**
 * The timer of one connection: fires when the next of its session's deadlines is due.
 */
import { clearTimeout, now, setImmediate, setTimeout } from './clock.ts';
import { deadlineWatch, type Watched } from './deadline-watch.ts';

/** A driver with its deadlines. */
export interface TimerOwner {
  /** When the next deadline is due; infinity for never. */
  nextTimeout(): number;
  /** Whether the connection is lent: the borrower watches the deadlines. */
  readonly isLent: boolean;
  /** A deadline is due, and everything that has come was read. */
  handleTimeout(): void;
}

/** A timer that is set anew when it fires too early. */
export class DriverTimer implements Watched {
  readonly #owner: TimerOwner;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due, if it is set. Infinity instead of `undefined` would be an object for each connection. */
  #due: number | undefined;

  constructor(owner: TimerOwner) {
    this.#owner = owner;
  }

  /** Sets the timer anew if it would fire after the next deadline. */
  arm(): void {
    const due = this.nextTimeout();
    const isLate = due < (this.#due ?? Number.POSITIVE_INFINITY);
    if (!isLate || this.#owner.isLent) return;
    this.stop();
    this.#due = due;
    const time = now();
    if (deadlineWatch.add(this, due, time)) return;
    this.#timer = setTimeout(fire, Math.max(1, Math.ceil(due - time)), this).unref();
  }

  stop(): void {
    deadlineWatch.remove(this);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = undefined;
  }

  nextTimeout(): number {
    return this.#owner.nextTimeout();
  }

  handleNear(): void {
    this.#due = undefined;
    this.arm();
  }

  /**
   * The timer has fired. Node.js runs timers before it reads sockets: after a stall of the thread, bytes that the
   * peer has sent in time may still be unread. They are read before the immediates of this turn.
   *
   * @internal
   */
  fire(): void {
    this.#due = undefined;
    if (now() < this.nextTimeout()) this.arm();
    else setImmediate(handleDue, this.#owner);
  }
}

function fire(timer: DriverTimer): void {
  timer.fire();
}

function handleDue(owner: TimerOwner): void {
  owner.handleTimeout();
}
