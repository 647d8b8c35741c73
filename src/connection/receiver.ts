/**
 * The waiters for the next message of an async connection: one `recv`, or the calls of one iterator.
 */

import { ConcurrencyError, TimeoutError } from '../errors.ts';
import { clearTimeout, setImmediate, setTimeout } from '../transport/clock.ts';
import { onceAborted } from './abort-signals.ts';
import type { BusyPoll } from './busy-poll.ts';
import type { Message } from './message.ts';
import { handled, rejected } from './unawaited.ts';

/** Where the messages come from. */
export interface MessageSource {
  /** Polls while there is a waiter. */
  readonly poll: BusyPoll | undefined;
  /** Whether the connection has ended normally, so that an iteration ends without an error. */
  readonly endsNormally: boolean;
  /** Takes the oldest message that nobody has received; returns `undefined` if there is none. */
  takeMessage(): Message | undefined;
  /** Makes the error for a wait for a message that can no longer come; returns `undefined` if one can. */
  refusal(): unknown;
}

/** A call that waits. */
interface Waiter {
  /** The iterator whose `next` waits; `undefined` for a `recv`. */
  readonly iterator: MessageIterator | undefined;
  promise: Promise<unknown> | undefined;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  isSettled: boolean;
  timer: NodeJS.Timeout | undefined;
  /** Stops listening to the signal. */
  forgetSignal: (() => void) | undefined;
  /** The waiter that came next. */
  next: Waiter | undefined;
}

/** Hands messages to their waiters. */
export class Receiver {
  readonly #source: MessageSource;
  readonly #timeout: number;
  /** The waiters, in order: one `recv`, or calls of one iterator. */
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  /** @param timeout milliseconds that an iterator waits; 0 for ever */
  constructor(source: MessageSource, timeout: number) {
    this.#source = source;
    this.#timeout = timeout;
  }

  get isWaiting(): boolean {
    return this.#first !== undefined;
  }

  /** Receives a message, for `recv`. */
  receive(timeout: number, signal: AbortSignal | undefined): Promise<Message> {
    if (this.#first === undefined) {
      const message = this.#source.takeMessage();
      if (message !== undefined) return Promise.resolve(message);
    }
    return this.#wait(undefined, timeout, signal);
  }

  /** Receives a message, for an iterator. */
  next(iterator: MessageIterator): Promise<IteratorResult<Message>> {
    if (this.#first === undefined) {
      const value = this.#source.takeMessage();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (this.#source.endsNormally) return Promise.resolve(end());
    }
    return this.#wait(iterator, this.#timeout, undefined);
  }

  /** Hands a message to the first waiter; false if there is none. */
  deliver(value: Message): boolean {
    const waiter = this.#first;
    if (waiter === undefined) return false;
    this.#remove(waiter);
    if (this.#first !== undefined) this.#source.poll?.begin();
    waiter.resolve(waiter.iterator === undefined ? value : { done: false, value });
    return true;
  }

  /** Ends the waits of an iterator that takes no more messages. */
  leave(iterator: MessageIterator): void {
    while (this.#first?.iterator === iterator) {
      const waiter = this.#first;
      this.#remove(waiter);
      waiter.resolve(end());
    }
  }

  /** Ends all waits: no message comes any more. The error is made only for a waiter, since making one is slow. */
  end(): void {
    while (this.#first !== undefined) {
      const waiter = this.#first;
      this.#remove(waiter);
      if (waiter.iterator !== undefined && this.#source.endsNormally) waiter.resolve(end());
      else reject(waiter, this.#source.refusal());
    }
  }

  /** Waits for the next message; there is none yet. */
  #wait<T>(
    iterator: MessageIterator | undefined,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const refusal = this.#source.refusal() ?? this.#collision(iterator);
    if (refusal !== undefined) return rejected(refusal);
    const waiter: Waiter = {
      iterator,
      promise: undefined,
      resolve: nothing,
      reject: nothing,
      isSettled: false,
      timer: undefined,
      forgetSignal: undefined,
      next: undefined,
    };
    const promise = new Promise<T>((resolve, reject) => {
      waiter.resolve = resolve as (value: unknown) => void;
      waiter.reject = reject;
    });
    waiter.promise = promise;
    this.#append(waiter);
    if (timeout > 0) {
      // Timers run before sockets are read. After a stall, a message that came in time is read first.
      waiter.timer = setTimeout(() => setImmediate(() => this.#timeOut(waiter, timeout)), timeout);
    }
    if (signal !== undefined) {
      waiter.forgetSignal = onceAborted(signal, () => this.#giveUp(waiter, signal.reason));
    }
    return promise;
  }

  /** Makes the error for a call while another waits, unless both are of the same iterator. */
  #collision(iterator: MessageIterator | undefined): ConcurrencyError | undefined {
    const first = this.#first;
    if (first === undefined || (iterator !== undefined && first.iterator === iterator)) {
      return undefined;
    }
    return new ConcurrencyError(
      first.iterator === undefined
        ? 'another recv is waiting on this connection'
        : 'an iteration is waiting on this connection',
    );
  }

  #timeOut(waiter: Waiter, timeout: number): void {
    if (!waiter.isSettled) this.#giveUp(waiter, new TimeoutError('recv', timeout));
  }

  #giveUp(waiter: Waiter, error: unknown): void {
    this.#remove(waiter);
    reject(waiter, error);
  }

  #append(waiter: Waiter): void {
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#source.poll?.begin();
  }

  #remove(waiter: Waiter): void {
    waiter.isSettled = true;
    let before: Waiter | undefined;
    for (let other = this.#first; other !== waiter; other = other?.next) before = other;
    if (before === undefined) this.#first = waiter.next;
    else before.next = waiter.next;
    if (this.#last === waiter) this.#last = before;
    if (waiter.timer !== undefined) clearTimeout(waiter.timer);
    waiter.forgetSignal?.();
    if (this.#first === undefined) this.#source.poll?.cancel();
  }
}

/** An iteration over the messages of a connection. Leaving it leaves the connection open. */
export class MessageIterator implements AsyncIterableIterator<Message> {
  readonly #receiver: Receiver;
  #isDone = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  next(): Promise<IteratorResult<Message>> {
    return this.#isDone ? Promise.resolve(end()) : this.#receiver.next(this);
  }

  return(): Promise<IteratorResult<Message>> {
    this.#isDone = true;
    this.#receiver.leave(this);
    return Promise.resolve(end());
  }

  throw(error: unknown): Promise<IteratorResult<Message>> {
    this.#isDone = true;
    this.#receiver.leave(this);
    return rejected(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function reject(waiter: Waiter, error: unknown): void {
  // Marked as handled here, not when it was made: that would cost a promise more for each message.
  if (waiter.promise !== undefined) void handled(waiter.promise);
  waiter.reject(error);
}

function end(): IteratorResult<Message> {
  return { done: true, value: undefined };
}

function nothing(): void {}
