/**
 * What the connection objects of the async face, the events face and the server have in common:
 * everything but how messages are sent and delivered.
 */
import type { Socket } from 'node:net';
import { type ConnectPhase, TimeoutError, type WebSocketError } from '../errors.ts';
import type { Data, ResolvedDeflateOptions, SendData, SendOptions } from '../options/options.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import type { Compression } from '../protocol/permessage-deflate.ts';
import { type PingObserver, PingTracker } from '../protocol/ping-tracker.ts';
import type { Session } from '../protocol/session.ts';
import type { ConnectionState } from '../protocol/session-state.ts';
import { clearTimeout, now, setTimeout } from '../transport/clock.ts';
import { compressionFor, type ZlibCompression } from '../transport/compression/compression.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import { Driver } from '../transport/driver.ts';
import { plainAddress, type SocketAddress } from '../transport/socket.ts';
import { BusyPoll } from './busy-poll.ts';
import { controlPayload, type ReadyData } from './data.ts';
import { DrainWaiters } from './drain-waiters.ts';
import { LaterSends } from './later-sends.ts';
import { markCopy } from './package-copies.ts';
import { rejected } from './unawaited.ts';

/** What a connection takes of the options. */
export interface DrivenOptions {
  readonly sendHighWaterMark: number;
  /** Only a server has it. */
  readonly maxBufferedAmount?: number | undefined;
  readonly closeTimeout: number;
  readonly perMessageDeflate: ResolvedDeflateOptions | undefined;
  /** Microseconds; only a client polls. */
  readonly busyPoll?: number | undefined;
}

/** Who waits for the opening handshake; told once. */
export interface OpeningObserver {
  /** The phase that a client's connecting has reached. */
  phase: ConnectPhase;
  opened(): void;
  failed(error: WebSocketError | undefined): void;
}

/** A connection over a {@link Driver}. */
export abstract class DrivenConnection {
  /** The URL connected to, without credentials; for a server's connection, the one it was reached by. */
  readonly url: string;
  /** The pump underneath. @internal */
  readonly driver: Driver;
  /** @internal */
  opening: OpeningObserver | undefined;
  /** Polls while a message is awaited, if that is wanted. @internal */
  protected readonly poll: BusyPoll | undefined;
  readonly #compression: ZlibCompression | undefined;
  #pings: PingTracker | undefined;
  #laterSends: LaterSends | undefined;
  #drainWaiters: DrainWaiters | undefined;
  /** Whether the closing handshake waits for what is being sent. */
  #isCloseWaiting = false;
  readonly #closeTimeout: number;
  #closeTimer: NodeJS.Timeout | undefined;

  static {
    markCopy(DrivenConnection);
  }

  constructor(url: string, options: DrivenOptions) {
    this.url = url;
    this.#compression = compressionFor(options.perMessageDeflate);
    if (options.busyPoll !== undefined && options.busyPoll > 0) {
      this.poll = new BusyPoll(options.busyPoll);
    }
    this.#closeTimeout = options.closeTimeout;
    this.driver = new Driver(this, options.sendHighWaterMark, options.maxBufferedAmount);
  }

  /** The subprotocol agreed on, or the empty string. */
  get protocol(): string {
    return this.session.protocol;
  }

  /** The extensions agreed on, as the handshake's header names them, or the empty string. */
  get extensions(): string {
    return this.session.extensions;
  }

  /** The peer's handshake headers, names in lower case. */
  get headers(): HeaderMap {
    return this.session.peerHeaders ?? new Map();
  }

  /** `connecting`, `open`, `closing` or `closed`. */
  get state(): ConnectionState {
    const { state } = this.session;
    return state === 'open' && this.#isCloseWaiting ? 'closing' : state;
  }

  /** The close code received, 1005 if it had none, 1006 if no close frame came; `undefined` before the end. */
  get closeCode(): number | undefined {
    return this.session.closeCode;
  }

  /** The close reason received; `undefined` before the end. */
  get closeReason(): string | undefined {
    if (this.session.closeCode === undefined) return undefined;
    return this.session.received?.reason ?? '';
  }

  /** Our end of the connection. */
  get localAddress(): SocketAddress | undefined {
    return toAddress(this.driver.socket, 'local');
  }

  /** The peer's end of the connection. */
  get remoteAddress(): SocketAddress | undefined {
    return toAddress(this.driver.socket, 'remote');
  }

  /** Bytes accepted for sending that have not been handed to the system. */
  get bufferedAmount(): number {
    return this.driver.bufferedAmount;
  }

  /** Round-trip time of the last ping answered, in milliseconds. */
  get latency(): number | undefined {
    return this.#pings?.latency;
  }

  /** Counts of what has gone over the connection. */
  stats(): ConnectionStats {
    return this.driver.stats();
  }

  /** Keeps the process alive while the connection is open, as it does by default. */
  ref(): this {
    this.driver.ref();
    return this;
  }

  /** Lets the process exit although the connection is open. */
  unref(): this {
    this.driver.unref();
    return this;
  }

  /** Destroys the socket at once, without a closing handshake. */
  terminate(): void {
    this.driver.terminate();
  }

  /** What compresses, if compression is wanted. @internal */
  get compression(): Compression | undefined {
    return this.#compression;
  }

  /** @internal */
  get session(): Session {
    return this.driver.session;
  }

  /** @internal */
  onPhase(phase: ConnectPhase): void {
    if (this.opening !== undefined) this.opening.phase = phase;
  }

  /** @internal */
  onOpen(): void {
    // A socket that has closed tells only what it has been asked before.
    const { socket } = this.driver;
    socket?.localAddress;
    socket?.remoteAddress;
    this.opening?.opened();
    this.opening = undefined;
  }

  /** The connection is open no more. Told again where the closing handshake had to wait. @internal */
  onClosing(): void {}

  /** @internal */
  onFailure(_error: WebSocketError): void {}

  /** @internal */
  onPing(_bytes: Uint8Array, _start: number, _end: number): void {}

  /** @internal */
  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.#pings?.received(bytes, start, end, now());
  }

  /** @internal */
  onClosed(): void {
    clearTimeout(this.#closeTimer);
    this.#pings?.cancel();
    const makeError = () => this.session.closedError();
    this.#laterSends?.end(makeError);
    this.#drainWaiters?.end(makeError);
    this.opening?.failed(this.session.failure);
    this.opening = undefined;
  }

  /** @internal */
  onBatchEnd(): void {}

  /** @internal */
  onDrain(): void {
    this.#drainWaiters?.drained();
  }

  /** @internal */
  abstract onMessage(
    bytes: Uint8Array,
    start: number,
    end: number,
    isText: boolean,
    isOwn: boolean,
  ): void;
  /** @internal */
  abstract onFrame(
    isFinal: boolean,
    opcode: Opcode,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;

  /** Whether a send must wait for its turn in {@link sendLater}. @internal */
  protected get hasSendsWaiting(): boolean {
    return this.#laterSends?.isBusy === true;
  }

  /** Whether a message takes a while to be ready, and must be sent with {@link sendLater}. @internal */
  protected isSentLater(payload: ReadyData, options: SendOptions | undefined): boolean {
    return (
      this.hasSendsWaiting || this.#compression?.deflaterFor(payload.length, options) !== undefined
    );
  }

  /**
   * Sends a message that cannot be written at once. The promise is marked as handled.
   *
   * @param ready the message, where its bytes are at hand
   * @returns nothing, if the message has been written after all
   * @throws TypeError for what is no data
   * @throws ConnectionClosedError if the connection is not open
   * @internal
   */
  protected sendLater(
    data: SendData,
    ready: ReadyData | undefined,
    options: SendOptions | undefined,
  ): Promise<void> | undefined {
    if (!this.isOpen) throw this.session.closedError();
    this.#laterSends ??= new LaterSends(this.driver, this.#compression, () => this.drained());
    return this.#laterSends.send(data, ready, options);
  }

  /**
   * Waits until what is buffered has drained; rejected with the signal's reason, or with the connection's
   * end. The promise is marked as handled.
   *
   * @internal
   */
  protected drained(signal?: AbortSignal): Promise<void> {
    if (this.session.state === 'closed') return rejected(this.session.closedError());
    this.#drainWaiters ??= new DrainWaiters();
    return this.#drainWaiters.wait(signal);
  }

  /** Begins the closing handshake after all that is being sent; `closeTimeout` runs from now. @internal */
  protected beginClose(begin: () => void): void {
    if (this.#isCloseWaiting) return;
    if (!this.hasSendsWaiting || !this.session.isOpen) {
      begin();
      return;
    }
    this.#isCloseWaiting = true;
    this.onClosing();
    this.#laterSends?.run(begin);
    const timeout = this.#closeTimeout;
    if (timeout === 0) return;
    this.#closeTimer = setTimeout(() => {
      this.driver.terminate(
        new TimeoutError('close', timeout, `what was being sent took longer than ${timeout} ms`),
      );
    }, timeout);
    this.#closeTimer.unref();
  }

  /** Whether what is given now may still be sent. @internal */
  protected get isOpen(): boolean {
    return this.session.isOpen && !this.#isCloseWaiting;
  }

  /**
   * Refuses what would be sent after the call of `close`, although its close frame has not left.
   *
   * @throws ConnectionClosedError
   * @internal
   */
  protected checkNotClosing(): void {
    if (this.#isCloseWaiting) throw this.session.closedError();
  }

  /** The pings that wait for their pongs. @internal */
  protected get pings(): PingTracker {
    this.#pings ??= new PingTracker();
    return this.#pings;
  }

  /** Sends a ping and has its pong watched. @internal */
  protected sendPing(data: Exclude<Data, Blob> | undefined, observer?: PingObserver): void {
    const { pings } = this;
    const payload = data === undefined ? pings.nextPayload() : controlPayload('ping', data);
    this.checkNotClosing();
    this.driver.ping(payload);
    pings.sent(payload, now(), observer);
  }
}

function toAddress(socket: Socket | undefined, end: 'local' | 'remote'): SocketAddress | undefined {
  const address = plainAddress(socket?.[`${end}Address`]);
  const port = socket?.[`${end}Port`];
  return address === undefined || port === undefined ? undefined : { address, port };
}
