/**
 * The connection of the async client, and of a server's `connection` function: `await`, `recv` and `for await`.
 */

import { ConcurrencyError, type WebSocketError } from '../errors.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  abortSignal,
  checkCallOptions,
  checkSendOptions,
  type Data,
  milliseconds,
  type ResolvedConnectOptions,
  type SendData,
  type SendOptions,
} from '../options/options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { PingObserver } from '../protocol/ping-tracker.ts';
import { nextTick } from '../transport/clock.ts';
import { onceAborted } from './abort-signals.ts';
import type { CloseOptions, Connection, RecvOptions } from './connection.ts';
import { controlPayload, isSentAsText, type ReadyData, readyData } from './data.ts';
import { DrivenConnection, type DrivenOptions } from './driven-connection.ts';
import type { Loan } from './lending.ts';
import { endError, isNormalEnd, keepMessage, type Message } from './message.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { MessageIterator, type MessageSource, Receiver } from './receiver.ts';
import { handled, rejected } from './unawaited.ts';

const RECV_OPTIONS: readonly string[] = ['timeout', 'signal'];
const CLOSE_OPTIONS: readonly string[] = ['signal'];
/** The promise that every `send` without backpressure returns. */
const DONE: Promise<void> = Promise.resolve();

/** The options that a connection with promises uses. */
export interface AsyncOptions extends DrivenOptions {
  readonly receiveTimeout: number;
  readonly receiveQueue: { readonly high: number; readonly low: number };
  readonly maxMessageSize: number;
}

/** A connection whose messages are awaited. */
export class AsyncConnection extends DrivenConnection implements Connection, MessageSource {
  readonly #options: AsyncOptions;
  readonly #receiver: Receiver;
  /** Messages that wait for `recv`. Made when the first one comes that no `recv` awaits. */
  #messages: ReceiveQueue | undefined;
  #isPaused = false;
  #closeWaiters: (() => void)[] | undefined;
  /** Whether we were the first to close. */
  #isCloser = false;
  #isLent = false;

  constructor(url: string, options: AsyncOptions) {
    super(url, options);
    this.#options = options;
    this.#receiver = new Receiver(this, options.receiveTimeout);
  }

  /** @internal */
  get endsNormally(): boolean {
    return isNormalEnd(this.session, this.#isCloser) && this.#messages?.loss === undefined;
  }

  send(data: SendData, options?: SendOptions): Promise<void> {
    try {
      checkSendOptions(options);
      const signal = options?.signal;
      signal?.throwIfAborted();
      this.#checkNotLent();
      const ready = readyData(data);
      if (ready === undefined || this.isSentLater(ready, options)) {
        return this.#sendLater(data, ready, options);
      }
      this.driver.sendMessage(ready, isSentAsText(ready, options), options?.compress);
      return this.driver.hasRoom() ? DONE : this.drained(signal);
    } catch (error) {
      return rejected(error);
    }
  }

  recv(options?: RecvOptions): Promise<Message> {
    if (options === undefined && this.#options.receiveTimeout === 0) {
      return this.#receiver.receive(0, undefined);
    }
    try {
      checkCallOptions('recv', options, RECV_OPTIONS);
      const timeout = milliseconds(
        'recv: timeout',
        options?.timeout ?? this.#options.receiveTimeout,
      );
      const signal = options?.signal;
      if (signal !== undefined) abortSignal('recv: signal', signal).throwIfAborted();
      return this.#receiver.receive(timeout, signal);
    } catch (error) {
      return rejected(error);
    }
  }

  ping(data?: Exclude<Data, Blob>): Promise<number> {
    try {
      this.#checkNotLent();
      let observer: PingObserver | undefined;
      const answered = new Promise<number>((resolve, reject) => {
        observer = (roundTrip) => {
          if (roundTrip === undefined) reject(this.session.closedError());
          else resolve(roundTrip);
        };
      });
      this.sendPing(data, observer);
      return handled(answered);
    } catch (error) {
      return rejected(error);
    }
  }

  pong(data: Exclude<Data, Blob> = ''): void {
    this.#checkNotLent();
    const payload = controlPayload('pong', data);
    this.checkNotClosing();
    this.driver.pong(payload);
  }

  close(code = 1000, reason = '', options?: CloseOptions): Promise<void> {
    try {
      checkCallOptions('close', options, CLOSE_OPTIONS);
      const signal = options?.signal;
      if (signal !== undefined) abortSignal('close: signal', signal);
      serializeClosePayload(nodeKernels(), code, reason);
      if (this.state === 'closed') return DONE;
      this.#checkNotLent();
      const closed = new Promise<void>((resolve) => {
        this.#closeWaiters ??= [];
        this.#closeWaiters.push(resolve);
      });
      // From here on all that comes is read, since the peer's close frame comes behind it.
      this.#resumeReading();
      this.beginClose(() => {
        this.#isCloser ||= this.session.isOpen;
        this.driver.close(code, reason);
      });
      return signal === undefined ? closed : handled(this.#terminateOnAbort(closed, signal));
    } catch (error) {
      return rejected(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    return new MessageIterator(this.#receiver);
  }

  /** @internal */
  [INSPECT](): object {
    return shownConnection('Connection', this);
  }

  /** Lends the connection to blocking calls. @internal */
  protected lend(options: ResolvedConnectOptions): Loan {
    const { driver } = this;
    this.#checkNotLent();
    if (this.state !== 'open') throw this.session.closedError();
    if (this.#receiver.isWaiting) {
      throw new ConcurrencyError(
        'toSync: a recv or an iteration waits for a message; let it end first',
      );
    }
    if (this.hasSendsWaiting || driver.isDelivering) {
      throw new ConcurrencyError('toSync: a send is under way on the connection; await it first');
    }
    this.#isLent = true;
    const loan: Loan = {
      driver,
      options,
      messages: this.#kept(),
      pings: this.pings,
      localAddress: this.localAddress,
      remoteAddress: this.remoteAddress,
      isCloser: false,
      end: () => this.#endLoan(loan),
    };
    return loan;
  }

  /** @internal */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    // After our own close, reading goes on even if the queue is full: the peer's close frame comes behind its messages.
    if (this.state !== 'open' && this.#messages?.dropIfFull(end - start) === true) return;
    this.endWait();
    const message = keepMessage(bytes, start, end, isText, isOwn, this.isPooled);
    if (!this.#receiver.deliver(message)) this.#kept().push(message);
  }

  /** @internal */
  onFrame(): void {}

  /** @internal */
  override onBatchEnd(): void {
    if (this.#waiting < this.#options.receiveQueue.high || this.#isPaused) return;
    // A caller that awaits nothing else empties the queue in the microtasks that come now. The tick
    // runs after all of them, and before anything more is read.
    void DONE.then(() => nextTick(pauseIfFull, this));
  }

  /** @internal */
  pauseIfFull(): void {
    if (this.#waiting < this.#options.receiveQueue.high || this.#isPaused) return;
    if (this.state !== 'open' || this.#isLent) return;
    this.#isPaused = true;
    this.driver.pause();
  }

  /** @internal */
  override onFailure(): void {
    this.#receiver.end();
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    this.#receiver.end();
    for (const resolve of this.#closeWaiters ?? []) resolve();
    this.#closeWaiters = undefined;
  }

  /** @internal */
  takeMessage(): Message | undefined {
    if (this.#isLent) return undefined;
    const message = this.#messages?.shift();
    if (this.#isPaused && this.#waiting <= this.#options.receiveQueue.low) this.#resumeReading();
    return message;
  }

  /** @internal */
  refusal(): WebSocketError | undefined {
    if (this.#isLent) return lentError();
    if (this.state !== 'closed' && this.session.failure === undefined) return undefined;
    return this.#messages?.loss ?? endError(this.session);
  }

  /** How many messages wait for `recv`. */
  get #waiting(): number {
    return this.#messages?.length ?? 0;
  }

  #kept(): ReceiveQueue {
    this.#messages ??= new ReceiveQueue(this.#options.maxMessageSize);
    return this.#messages;
  }

  #resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.driver.resume();
  }

  #checkNotLent(): void {
    if (this.#isLent) throw lentError();
  }

  #endLoan({ isCloser }: Loan): void {
    this.#isLent = false;
    this.#isCloser ||= isCloser;
    if (this.state === 'closed') return;
    this.#isPaused = false;
    this.driver.resume();
    this.onBatchEnd();
  }

  async #terminateOnAbort(closed: Promise<void>, signal: AbortSignal): Promise<void> {
    const forgetSignal = onceAborted(signal, () => this.terminate());
    if (signal.aborted) this.terminate();
    await closed;
    forgetSignal();
    signal.throwIfAborted();
  }

  #sendLater(
    data: SendData,
    ready: ReadyData | undefined,
    options: SendOptions | undefined,
  ): Promise<void> {
    const sent = this.sendLater(data, ready, options);
    if (sent === undefined) return this.#whenRoom(options);
    return handled(sent.then(() => this.#whenRoom(options)));
  }

  /** Waits for room. The message has been handed over, so its signal aborts only the wait. */
  #whenRoom(options: SendOptions | undefined): Promise<void> {
    // The connection may have ended since the message was written.
    if (this.state === 'closed') return rejected(this.session.closedError());
    return this.driver.hasRoom() ? DONE : this.drained(options?.signal);
  }
}

function lentError(): ConcurrencyError {
  return new ConcurrencyError(
    'toSync drives the connection by blocking calls; give it back with toAsync first',
  );
}

function pauseIfFull(connection: AsyncConnection): void {
  connection.pauseIfFull();
}
