/**
 * The timer of one connection: fires when the next of its session's deadlines is due.
 */
import { clearTimeout, now, setImmediate, setTimeout } from './clock.ts';
import { deadlineWatch, type Watched } from './deadline-watch.ts';

/** Whose deadlines they are. */
export interface TimerOwner {
  /** When the next deadline is due; infinity for never. */
  nextTimeout(): number;
  /** Whether somebody else watches the deadlines for now. */
  readonly isLent: boolean;
  /** A deadline is due, and what has come was read. */
  handleTimeout(): void;
}

/** A timer, set anew when it fires too early. */
export class DriverTimer implements Watched {
  readonly #owner: TimerOwner;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due, if it is set: an infinity would take each connection memory of its own. */
  #due: number | undefined;

  constructor(owner: TimerOwner) {
    this.#owner = owner;
  }

  /** Sets the timer, if it would fire too late. */
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
   * Timers run before sockets are read: after a stall, what the peer has sent in time may lie unread. It
   * is read in this turn of the event loop, before the immediates.
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
