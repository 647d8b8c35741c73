/**
 * Keeps sends in order behind one whose bytes are not at hand yet: a Blob, a message that is being
 * compressed, or one that is produced piece by piece. Until its bytes begin to leave, a send can be
 * taken back.
 */
import { onceAborted } from './abort-signals.ts';
import { MessageQueue } from './message-queue.ts';
import { handled } from './unawaited.ts';

/** Where the bytes that wait are counted. */
export interface Backlog {
  queued: number;
  /** Some of them may have gone. */
  checkDrain(): void;
}

/** Does a send, when its turn has come. */
export type TurnTask = (turn: Turn) => void | Promise<void>;

/** A send's place in the queue. */
export class Turn {
  /** Whether bytes of it have been written. Then it cannot be taken back. */
  hasBegun = false;
  /** Settles as the send does; marked as handled. */
  readonly settled: Promise<void>;
  readonly #backlog: Backlog;
  /** Bytes of it that are counted as waiting. */
  #size: number;
  #task: TurnTask | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #forgetSignal: (() => void) | undefined;
  /** Rejects what the task waits for at the moment. */
  #interrupt: ((error: unknown) => void) | undefined;
  /** Why it was ended, if it was. */
  #error: unknown;

  constructor(backlog: Backlog, task: TurnTask, size: number) {
    this.#backlog = backlog;
    this.#task = task;
    this.#size = size;
    backlog.queued += size;
    this.settled = handled(
      new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      }),
    );
  }

  /** Whether it has settled: sent, taken back or ended with the connection. */
  get isOver(): boolean {
    return this.#task === undefined;
  }

  /** Ends the turn with the signal's reason once that aborts. */
  watch(signal: AbortSignal): void {
    this.#forgetSignal = onceAborted(signal, () => this.end(signal.reason));
  }

  /** Does the send, unless the turn is over; fulfilled when the next one may begin. */
  async take(): Promise<void> {
    if (this.#task === undefined) return;
    try {
      await this.#task(this);
      if (!this.isOver) this.#finish(this.#resolve);
    } catch (error) {
      this.end(error);
    }
  }

  /** Waits for what the send needs; rejected as soon as the turn has been ended. */
  wait<T>(awaited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      awaited.then(resolve, reject);
      this.#interrupt = reject;
      if (this.isOver) reject(this.#error);
    });
  }

  /**
   * Bytes of it are written from here on: what waited counts as waiting no more.
   *
   * @throws why the turn has been ended, if it has
   */
  begin(): void {
    if (this.isOver) throw this.#error;
    this.hasBegun = true;
    this.#leave();
  }

  /** Rejects the send at once, unless it has settled. */
  end(error: unknown): void {
    if (this.isOver) return;
    this.#error = error;
    this.#finish(this.#reject);
    this.#interrupt?.(error);
  }

  #finish(settle: (error: unknown) => void): void {
    this.#task = undefined;
    this.#forgetSignal?.();
    this.#leave();
    settle(this.#error);
    this.#backlog.checkDrain();
  }

  #leave(): void {
    this.#backlog.queued -= this.#size;
    this.#size = 0;
  }
}

/** A queue of sends; nothing is in it most of the time. */
export class SendQueue {
  readonly #backlog: Backlog;
  readonly #waiting = new MessageQueue<Turn>();
  #current: Turn | undefined;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** Whether a send must wait for its turn. */
  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Does `task` after all that came before it; settles as it does, or at once with the signal's
   * reason, or with the queue's end. The promise is marked as handled.
   *
   * @param size bytes that count as buffered until the task lets them leave
   */
  run(task: TurnTask, size: number, signal?: AbortSignal): Promise<void> {
    const turn = new Turn(this.#backlog, task, size);
    if (signal !== undefined) turn.watch(signal);
    if (this.#current === undefined) void this.#work(turn);
    else this.#waiting.push(turn);
    return turn.settled;
  }

  /** Ends the queue: what has not settled is rejected. */
  end(makeError: () => unknown): void {
    this.#current?.end(makeError());
    for (let turn = this.#waiting.shift(); turn !== undefined; turn = this.#waiting.shift()) {
      turn.end(makeError());
    }
  }

  async #work(first: Turn): Promise<void> {
    for (let turn: Turn | undefined = first; turn !== undefined; turn = this.#waiting.shift()) {
      this.#current = turn;
      await turn.take();
    }
    this.#current = undefined;
  }
}
