/**
 * Decides whether polling before sleeping pays, by trying both: how long replies take and what CPU a message costs. So
 * it needs to know neither the server nor where it runs.
 *
 * The authors of libuv do not poll by default, because replies 10 to 45 µs apart can cost up to two thirds more CPU for
 * a fifth of the time (libuv/libuv#5233). So CPU counts here as well (bench: polling).
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * Microseconds that a wait polls at most by default. Most replies of a server on the same machine come in 50, over TLS
 * in 100; more is needed for long ones, and while processors get used to being busy.
 */
const DEFAULT_POLL = 200;
/** Waits of a measurement. */
const WINDOW = 64;
/** Waits of a trial before its measurement: processors and hypervisors need some time to see that they are busy. */
const SETTLING = 48;
/** A trial of polling ends early if so many of its first waits get no reply while they poll. */
const MIN_MISSED = 8;
/** Waits from one trial to the next. The number doubles each time that a trial changes nothing. */
const MIN_REST = 256;
const MAX_REST = 16_384;
/** With more messages for each wait nobody awaits single replies, and polling only makes reads smaller. */
const MAX_MESSAGES = 4;
/** How long replies may take, and what CPU they may cost, with polling over without: to begin it, and to go on. */
const BEGIN = { time: 0.9, cpu: 1.1 };
const GO_ON = { time: 0.95, cpu: 1.25 };
/** A wait counts as so many milliseconds at most, so that one long pause does not decide. */
const MAX_COUNTED = 1;
/** Polling ends at once where more than this part of the recent replies came too late for it. */
const MAX_MISSED = 0.5;
/** The running average of what is missed, when all of the first waits of a trial were. */
const ALL_MISSED = 1 - (15 / 16) ** MIN_MISSED - 1e-9;

let hasOthers: boolean | undefined;

/**
 * Returns how many microseconds a wait polls at most by default. All processors of the machine count, also those that
 * this process may not use: the server may run there. They are counted once, since that takes 0.1 ms.
 */
export function defaultPoll(): number {
  hasOthers ??= cpus().length > 1;
  return hasOthers ? DEFAULT_POLL : 0;
}

/** What a message takes in one of the two ways: a running average. */
class Cost {
  /** Milliseconds of waiting; `undefined` before the first measurement. */
  time: number | undefined;
  /** Microseconds of CPU. */
  cpu = 0;

  forget(): void {
    this.time = undefined;
  }

  add(time: number, cpu: number): void {
    const isFirst = this.time === undefined;
    this.cpu = isFirst ? cpu : (this.cpu + cpu) / 2;
    this.time = isFirst ? time : ((this.time as number) + time) / 2;
  }
}

/** Decides for the waits of one connection. */
export class PollGate {
  /**
   * Messages received so far, counted by the connection. Polling may make waits shorter only because it makes more of
   * them, each for fewer messages: so time and CPU are compared for each message.
   */
  messages = 0;
  /** Milliseconds of a poll. */
  readonly #length: number;
  readonly #isForced: boolean;
  /** Whether waits poll between trials. */
  #isChosen = false;
  /** Whether the other way is tried at present. */
  #isTrial = false;
  /** Waits left of the rest or of the trial. The last of them are measured. */
  #left = SETTLING + WINDOW;
  #rest = MIN_REST;
  readonly #sleeping = new Cost();
  readonly #polling = new Cost();
  #time = 0;
  #cpuBefore = 0;
  #messagesBefore = 0;
  /** The part of the recent replies that came too late for the poll. */
  #missed = 0;

  /**
   * @param microseconds the longest poll
   * @param isForced whether each wait polls, without finding out whether it pays
   */
  constructor(microseconds: number, isForced = false) {
    this.#length = microseconds / 1000;
    this.#isForced = isForced || microseconds === 0;
  }

  /** Whether the time of the present wait counts. If not, only whether the reply came while the wait polled does. */
  get isMeasuring(): boolean {
    return this.#left <= WINDOW && !this.#isForced;
  }

  /** Begins a wait, and returns how many milliseconds it may poll. */
  next(): number {
    if (this.#isForced) return this.#length;
    if (this.#left === WINDOW) {
      this.#time = 0;
      this.#cpuBefore = cpuTime();
      this.#messagesBefore = this.messages;
    } else if (this.#left === 0) {
      this.#endMeasurement();
    }
    return this.#isChosen !== this.#isTrial ? this.#length : 0;
  }

  /** Ends a wait that took so many milliseconds, its poll included. */
  observe(waited: number): void {
    if (this.#isForced) return;
    this.#left--;
    if (this.#left < WINDOW) this.#time += Math.min(waited, MAX_COUNTED);
    if (this.#isChosen === this.#isTrial) return;
    this.#missed += ((waited > this.#length ? 1 : 0) - this.#missed) / 16;
    const isTooLate = this.#isTrial
      ? this.#left === SETTLING + WINDOW - MIN_MISSED && this.#missed > ALL_MISSED
      : this.#missed > MAX_MISSED;
    if (isTooLate) this.#choose(false);
  }

  #endMeasurement(): void {
    const messages = this.messages - this.#messagesBefore;
    if (messages > MAX_MESSAGES * WINDOW) {
      this.#choose(false);
      return;
    }
    const cost = this.#isChosen !== this.#isTrial ? this.#polling : this.#sleeping;
    const count = Math.max(1, messages);
    cost.add(this.#time / count, (cpuTime() - this.#cpuBefore) / count);
    if (this.#isTrial) {
      this.#choose(this.#pays());
    } else {
      this.#isTrial = true;
      this.#left = SETTLING + WINDOW;
      this.#missed = 0;
    }
  }

  #pays(): boolean {
    const { time, cpu } = this.#isChosen ? GO_ON : BEGIN;
    const [sleeping, polling] = [this.#sleeping, this.#polling];
    return (
      (polling.time as number) < time * (sleeping.time as number) &&
      polling.cpu <= cpu * sleeping.cpu
    );
  }

  /** Ends a trial, or the polling. */
  #choose(isPolling: boolean): void {
    const isChange = isPolling !== this.#isChosen;
    this.#rest = isChange ? MIN_REST : Math.min(2 * this.#rest, MAX_REST);
    this.#left = this.#rest;
    this.#isTrial = false;
    this.#isChosen = isPolling;
    this.#missed = 0;
    if (!isPolling) this.#polling.forget();
  }
}

/**
 * Makes the gate of a client's connection.
 *
 * @param busyPoll the option: microseconds to poll in any case, 0 for never, `undefined` to find out what pays
 */
export function gateFor(busyPoll: number | undefined): PollGate {
  return new PollGate(busyPoll ?? defaultPoll(), busyPoll !== undefined);
}

interface CpuUsage {
  readonly user: number;
  readonly system: number;
}

let hasThreadTimes = process.platform === 'linux';

/**
 * Returns the CPU time of this thread in µs; other threads of V8 compile meanwhile. Node.js tells it from 23.9 on, and
 * Linux always. Elsewhere it is the time of the whole process.
 */
function cpuTime(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => CpuUsage };
  const { user, system } = (threadCpuUsage ?? process.cpuUsage).call(process);
  if (threadCpuUsage === undefined && hasThreadTimes) {
    try {
      // The system brings the time of a running thread up to date for the call above, and not for this file.
      return Number.parseInt(readFileSync('/proc/thread-self/schedstat', 'latin1'), 10) / 1000;
    } catch {
      hasThreadTimes = false;
    }
  }
  return user + system;
}
