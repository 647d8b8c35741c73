/**
 * The async face: `await`, `recv` and `for await`.
 */
import { ConcurrencyError, WebSocketError } from '../errors.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  abortSignal,
  type ConnectOptions,
  type Data,
  milliseconds,
  type ResolvedConnectOptions,
  resolveConnectOptions,
  type SendOptions,
} from '../options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { PingObserver } from '../protocol/ping-tracker.ts';
import { onceAborted } from '../transport/abort-signals.ts';
import { KEPT } from '../transport/client-session.ts';
import { connectClient } from '../transport/connect-client.ts';
import {
  controlPayload,
  copyOfData,
  dataError,
  isBlob,
  isSentAsText,
  type ReadyData,
  readyData,
} from '../transport/data.ts';
import { DrivenConnection } from '../transport/driven-connection.ts';
import { LEND, type Lender, type Loan } from '../transport/lending.ts';
import { endError, isNormalEnd, keepMessage, type Message } from '../transport/received.ts';
import { KeptMessages } from '../transport/sync/kept-messages.ts';
import { parseTarget } from '../transport/target.ts';
import { handled, rejected } from '../transport/unawaited.ts';
import type { CloseOptions, Connection, RecvOptions, SendData } from './connection.ts';
import { MessageIterator, type MessageSource, Receiver } from './receiver.ts';

/** Fulfilled already: what every `send` without backpressure returns. */
const DONE: Promise<void> = Promise.resolve();

/** Who waits for the buffer to drain, or for the end. */
interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** The async face's connection. */
class AsyncConnection extends DrivenConnection implements Connection, Lender, MessageSource {
  readonly #options: ResolvedConnectOptions;
  readonly #receiver: Receiver;
  /** Messages that nobody has taken, once one has come that nobody awaited. */
  #messages: KeptMessages | undefined;
  #isPaused = false;
  #drainWaiters: Set<Waiter> | undefined;
  #closeWaiters: (() => void)[] | undefined;
  /** Whether we were the first to close. */
  #isCloser = false;
  #isLent = false;

  constructor(url: string, options: ResolvedConnectOptions) {
    super(url, options);
    this.#options = options;
    this.#receiver = new Receiver(this, options.receiveTimeout, this.poll);
  }

  /** @internal */
  get endsNormally(): boolean {
    return isNormalEnd(this.session, this.#isCloser) && this.#messages?.loss === undefined;
  }

  send(data: SendData, options?: SendOptions): Promise<void> {
    try {
      const signal = options?.signal;
      if (signal !== undefined) abortSignal('send: signal', signal).throwIfAborted();
      this.#checkNotLent();
      const ready = readyData(data);
      if (ready === undefined || this.isSentLater(ready, options)) {
        return this.#sendLater(data, ready, options);
      }
      this.driver.sendMessage(ready, isSentAsText(ready, options), options?.compress);
      return this.driver.hasRoom() ? DONE : this.#drained(signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  recv(options?: RecvOptions): Promise<Message> {
    if (options === undefined && this.#options.receiveTimeout === 0) {
      return this.#receiver.receive(0, undefined);
    }
    try {
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
    this.driver.pong(controlPayload('pong', data));
  }

  close(code = 1000, reason = '', options?: CloseOptions): Promise<void> {
    try {
      const signal = options?.signal;
      if (signal !== undefined) abortSignal('close: signal', signal);
      serializeClosePayload(nodeKernels(), code, reason);
      if (this.state === 'closed') return DONE;
      this.#checkNotLent();
      const closed = new Promise<void>((resolve) => {
        this.#closeWaiters ??= [];
        this.#closeWaiters.push(resolve);
      });
      // From here on all that comes is kept, so that the peer's close frame is seen behind it.
      this.#read();
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

  /** @internal */
  [LEND](): Loan {
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
      options: this.#options,
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
    // After our own close reading goes on, to see the peer's.
    if (this.state !== 'open' && this.#messages?.dropsWhenFull(end - start) === true) return;
    const message = keepMessage(bytes, start, end, isText, isOwn);
    if (!this.#receiver.deliver(message)) this.#kept().push(message);
  }

  /** @internal */
  onFrame(): void {}

  /** @internal */
  override onBatchEnd(): void {
    if (this.#waiting < this.#options.receiveQueue.high || this.#isPaused) return;
    // A caller that awaits nothing else empties the queue in the microtasks that come now. The tick
    // runs after all of them, and before anything more is read.
    queueMicrotask(() => process.nextTick(pauseIfFull, this));
  }

  /** @internal */
  pauseIfFull(): void {
    if (this.#waiting < this.#options.receiveQueue.high || this.#isPaused) return;
    if (this.state !== 'open' || this.#isLent) return;
    this.#isPaused = true;
    this.driver.pause();
  }

  /** @internal */
  onDrain(): void {
    for (const waiter of [...(this.#drainWaiters ?? [])]) waiter.resolve();
  }

  /** @internal */
  override onFailure(): void {
    this.#receiver.end();
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    this.#receiver.end();
    for (const waiter of [...(this.#drainWaiters ?? [])]) {
      waiter.reject(this.session.closedError());
    }
    for (const resolve of this.#closeWaiters ?? []) resolve();
    this.#closeWaiters = undefined;
  }

  /** @internal */
  takeMessage(): Message | undefined {
    if (this.#isLent) return undefined;
    const message = this.#messages?.shift();
    if (this.#isPaused && this.#waiting <= this.#options.receiveQueue.low) this.#read();
    return message;
  }

  /** @internal */
  refusal(): WebSocketError | undefined {
    if (this.#isLent) return lentError();
    if (this.state !== 'closed' && this.session.failure === undefined) return undefined;
    return this.#messages?.loss ?? endError(this.session);
  }

  /** How many messages nobody has taken. */
  get #waiting(): number {
    return this.#messages?.length ?? 0;
  }

  #kept(): KeptMessages {
    this.#messages ??= new KeptMessages(this.#options.maxMessageSize);
    return this.#messages;
  }

  /** Reads on, if that was stopped. */
  #read(): void {
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

  /** Waits until what is buffered has drained. */
  #drained(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        forgetSignal?.();
        this.#drainWaiters?.delete(waiter);
      };
      const waiter: Waiter = {
        resolve() {
          settle();
          resolve();
        },
        reject(error) {
          settle();
          reject(error);
        },
      };
      const forgetSignal = signal && onceAborted(signal, () => waiter.reject(signal.reason));
      this.#drainWaiters ??= new Set();
      this.#drainWaiters.add(waiter);
    });
  }

  #sendLater(
    data: SendData,
    ready: ReadyData | undefined,
    options: SendOptions | undefined,
  ): Promise<void> {
    if (this.state !== 'open') throw this.session.closedError();
    if (ready !== undefined) {
      const kept = copyOfData(ready);
      return this.#sendWhole(() => kept, Buffer.byteLength(kept), options);
    }
    if (isBlob(data)) {
      const load = async () => new Uint8Array(await data.arrayBuffer());
      return this.#sendWhole(load, data.size, options);
    }
    const pieces = iteratorOf(data);
    if (pieces === undefined) throw dataError('send', data);
    return this.sendInTurn(() => this.#sendFragments(pieces, options));
  }

  async #sendWhole(
    load: () => ReadyData | Promise<ReadyData>,
    size: number,
    options: SendOptions | undefined,
  ): Promise<void> {
    await this.sendLater(load, size, options);
    if (!this.driver.hasRoom()) await this.#drained(options?.signal);
  }

  /** Sends the pieces of an iterable as fragments (RFC 6455 §5.4), and an empty one to end them. */
  async #sendFragments(
    pieces: Iterator<Data> | AsyncIterator<Data>,
    options: SendOptions | undefined,
  ): Promise<void> {
    let count = 0;
    let isText = false;
    try {
      for (;;) {
        const { done, value } = await pieces.next();
        if (done === true) break;
        const payload = await fragmentPayload(value);
        if (count === 0) isText = typeof payload === 'string';
        else if ((typeof payload === 'string') !== isText) {
          throw new TypeError('send: the pieces of one message must be all text or all binary');
        }
        this.driver.sendFragment(payload, isText, false, options?.compress);
        count++;
        if (!this.driver.hasRoom()) await this.#drained();
      }
      // Without a piece there is no message.
      if (count > 0) this.driver.sendFragment('', isText, true, options?.compress);
    } catch (error) {
      await pieces.return?.();
      // A message begun and not ended would make every later one part of it.
      if (count > 0 && this.state === 'open') {
        this.driver.fail(
          new WebSocketError('WS_SEND', 'a fragmented message could not be completed', {
            cause: error,
          }),
        );
      }
      throw error;
    }
  }
}

function lentError(): ConcurrencyError {
  return new ConcurrencyError(
    'the connection is driven by blocking calls; give it back with toAsync first',
  );
}

function pauseIfFull(connection: AsyncConnection): void {
  connection.pauseIfFull();
}

async function fragmentPayload(piece: unknown): Promise<ReadyData> {
  const ready = readyData(piece);
  if (ready !== undefined) return ready;
  if (!isBlob(piece)) throw dataError('send', piece);
  return new Uint8Array(await piece.arrayBuffer());
}

function iteratorOf(data: unknown): Iterator<Data> | AsyncIterator<Data> | undefined {
  if (data === null || typeof data !== 'object') return undefined;
  if (Symbol.asyncIterator in data) return (data as AsyncIterable<Data>)[Symbol.asyncIterator]();
  if (Symbol.iterator in data) return (data as Iterable<Data>)[Symbol.iterator]();
  return undefined;
}

/**
 * Connects to a WebSocket server.
 *
 * @param url `ws:` or `wss:`
 * @throws TypeError, RangeError for wrong arguments
 * @throws InvalidUrlError if the URL is not one of a WebSocket
 * @throws ConnectError if no connection comes about: nothing listens, DNS, TLS
 * @throws HandshakeError if the server does not upgrade (RFC 6455 §4.1)
 * @throws TimeoutError after `connectTimeout`
 * @example
 * ```ts
 * import { connect } from 'wirespeed';
 *
 * const ws = await connect('ws://127.0.0.1:9001/');
 * await ws.send('hello');
 * console.log(await ws.recv());
 * await ws.close();
 * ```
 */
export async function connect(url: string | URL, options?: ConnectOptions): Promise<Connection> {
  const resolved = resolveConnectOptions(options);
  const target = parseTarget(url);
  const connection = new AsyncConnection(target.url, resolved);
  await connectClient(connection, target, resolved, KEPT);
  return connection;
}
