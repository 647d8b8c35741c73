/**
 * Keeps sends in order behind one whose bytes are not at hand yet: a Blob, a message that is being compressed, or
 * one that is produced piece by piece. A send can be taken back until its first bytes are written.
 */
import { onceAborted } from './abort-signals.ts';
import { RingQueue } from './ring-queue.ts';
import { handled } from './unawaited.ts';

/** Counts the bytes that wait. */
export interface Backlog {
  queued: number;
  /** Fewer bytes may wait than before. */
  checkDrain(): void;
}

/** Performs a send when its turn has come. */
export type TurnTask = (turn: Turn) => void | Promise<void>;

/** A send in the queue. */
export class Turn {
  /** Whether bytes of the send have been written, so that it cannot be taken back. */
  hasBegun = false;
  /** Settles as the send does; marked as handled. */
  readonly settled: Promise<void>;
  readonly #backlog: Backlog;
  /** Bytes of the send that the backlog counts. */
  #size: number;
  #task: TurnTask | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #forgetSignal: (() => void) | undefined;
  /** Rejects the promise that the task waits for at the moment. */
  #interrupt: ((error: unknown) => void) | undefined;
  /** The error that ended the turn, if one did. */
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

  /** Whether the send has settled: it was sent, was taken back, or ended with the connection. */
  get isOver(): boolean {
    return this.#task === undefined;
  }

  /** Ends the turn with the signal's reason once that aborts. */
  watch(signal: AbortSignal): void {
    this.#forgetSignal = onceAborted(signal, () => this.end(signal.reason));
  }

  /** Performs the send, unless the turn is over. Resolves when the next turn may begin. */
  async take(): Promise<void> {
    if (this.#task === undefined) return;
    try {
      await this.#task(this);
      if (!this.isOver) this.#finish(this.#resolve);
    } catch (error) {
      this.end(error);
    }
  }

  /** Waits for something that the send needs. Rejects as soon as the turn is ended. */
  wait<T>(awaited: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      awaited.then(resolve, reject);
      this.#interrupt = reject;
      if (this.isOver) reject(this.#error);
    });
  }

  /**
   * Marks the send as begun: its bytes are written from here on, and do not wait any more.
   *
   * @throws the error that ended the turn, if one did
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

/** A queue of sends. Most of the time it is empty. */
export class SendQueue {
  readonly #backlog: Backlog;
  readonly #waiting = new RingQueue<Turn>();
  #current: Turn | undefined;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** Whether a send is under way, so that the next must wait for its turn. */
  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Runs `task` after all earlier ones. Settles as the task does; rejects earlier if the signal aborts or the queue
   * ends. The promise is marked as handled.
   *
   * @param size bytes that count as buffered until the task begins to write
   */
  run(task: TurnTask, size: number, signal?: AbortSignal): Promise<void> {
    const turn = new Turn(this.#backlog, task, size);
    if (signal !== undefined) turn.watch(signal);
    if (this.#current === undefined) void this.#work(turn);
    else this.#waiting.push(turn);
    return turn.settled;
  }

  /** Rejects all sends that have not settled. */
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
