/**
 * What the connections of the async client, the events client and the server have in common: everything but how
 * messages are sent and delivered.
 */
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
import { defaultPoll, PollGate } from '../transport/poll-gate.ts';
import { type OwnSocket, plainAddress, type SocketAddress } from '../transport/socket.ts';
import { BusyPoll } from './busy-poll.ts';
import { controlPayload, type ReadyData } from './data.ts';
import { DrainWaiters } from './drain-waiters.ts';
import { LaterSends } from './later-sends.ts';
import { markCopy } from './package-copies.ts';
import { rejected } from './unawaited.ts';

/** The options that a connection uses. */
export interface DrivenOptions {
  readonly sendHighWaterMark: number;
  /** Only a server has it. */
  readonly maxBufferedAmount?: number | undefined;
  readonly closeTimeout: number;
  readonly perMessageDeflate: ResolvedDeflateOptions | undefined;
  readonly transferable: boolean;
}

/** A connection that has received no more messages than this does not poll: it may lie idle. */
const MIN_MESSAGES = 32;

/** Waits for the end of the opening handshake. */
export interface OpeningWaiter {
  /** The phase that a client's connecting has reached. */
  phase: ConnectPhase;
  opened(): void;
  failed(error: WebSocketError | undefined): void;
}

/** A connection over a {@link Driver}. */
export abstract class DrivenConnection {
  /** The URL connected to, without credentials; on a server, the server's URL. */
  readonly url: string;
  /** The pump underneath. @internal */
  readonly driver: Driver;
  /** @internal */
  opening: OpeningWaiter | undefined;
  /** Polls while a reply is awaited: made once some messages have come. @internal */
  poll: BusyPoll | undefined;
  /** Microseconds to poll at most, 0 for never; and whether to poll without finding out if it pays. */
  #pollLength = 0;
  #isPollForced = false;
  /** Whether short messages that the program keeps may share an `ArrayBuffer`. @internal */
  protected readonly isPooled: boolean;
  readonly #compression: ZlibCompression | undefined;
  #pings: PingTracker | undefined;
  #laterSends: LaterSends | undefined;
  #drainWaiters: DrainWaiters | undefined;
  /** Whether the closing handshake waits for sends that are under way. */
  #isCloseWaiting = false;
  readonly #closeTimeout: number;
  #closeTimer: NodeJS.Timeout | undefined;

  static {
    markCopy(DrivenConnection);
  }

  constructor(url: string, options: DrivenOptions) {
    this.url = url;
    this.#compression = compressionFor(options.perMessageDeflate);
    this.#closeTimeout = options.closeTimeout;
    this.isPooled = !options.transferable;
    this.driver = new Driver(this, options.sendHighWaterMark, options.maxBufferedAmount);
  }

  /**
   * Polls for replies from now on, as the option `busyPoll` of a client says.
   *
   * @internal
   */
  usePolling(busyPoll: number | undefined): this {
    this.#pollLength = busyPoll ?? defaultPoll();
    this.#isPollForced = busyPoll !== undefined;
    return this;
  }

  /** A message has come. A connection that has had few of them owns nothing that polls. @internal */
  protected endWait(): void {
    if (this.poll !== undefined) {
      this.poll.end();
    } else if (this.#pollLength > 0 && this.driver.messagesReceived > MIN_MESSAGES) {
      this.poll = new BusyPoll(new PollGate(this.#pollLength, this.#isPollForced));
    }
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

  /** The close code received, as in {@link CloseFacts}; `undefined` before the end. */
  get closeCode(): number | undefined {
    return this.session.closeCode;
  }

  /** The close reason received; `undefined` before the end. */
  get closeReason(): string | undefined {
    if (this.session.closeCode === undefined) return undefined;
    return this.session.received?.reason ?? '';
  }

  /** The address at our end. */
  get localAddress(): SocketAddress | undefined {
    return toAddress(this.driver.socket, 'local');
  }

  /** The address at the peer's end. */
  get remoteAddress(): SocketAddress | undefined {
    return toAddress(this.driver.socket, 'remote');
  }

  /** Bytes accepted for sending that have not been handed to the system. */
  get bufferedAmount(): number {
    return this.driver.bufferedAmount;
  }

  /** Round-trip time of the latest ping that was answered, in milliseconds. */
  get latency(): number | undefined {
    return this.#pings?.latency;
  }

  /** Counts the bytes and messages of the connection. */
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

  /** The compression to negotiate, if it is wanted. @internal */
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
    // After its end a socket knows only the addresses that it was asked for before.
    const { socket } = this.driver;
    socket?.remoteAddress;
    // On a server nearly all connections have the same, and it would take memory for each.
    if (this.session.role === 'client') socket?.localAddress;
    this.opening?.opened();
    this.opening = undefined;
  }

  /** The connection is no longer open. Called twice if the closing handshake had to wait for sends. @internal */
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

  /** Whether earlier sends are under way, so that the next must wait for its turn. @internal */
  protected get hasSendsWaiting(): boolean {
    return this.#laterSends?.isBusy === true;
  }

  /** Whether a message has to wait, for its turn or to be compressed, and needs {@link sendLater}. @internal */
  protected isSentLater(payload: ReadyData, options: SendOptions | undefined): boolean {
    return (
      this.hasSendsWaiting || this.#compression?.deflaterFor(payload.length, options) !== undefined
    );
  }

  /**
   * Sends a message that may have to wait. The promise is marked as handled.
   *
   * @param ready the message, if its bytes are at hand
   * @returns `undefined` if the message has been written after all
   * @throws TypeError for a value that is no data
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
   * Waits for room to send. Rejects with the signal's reason, or when the connection ends. The promise is marked as
   * handled.
   *
   * @internal
   */
  protected drained(signal?: AbortSignal): Promise<void> {
    if (this.session.state === 'closed') return rejected(this.session.closedError());
    this.#drainWaiters ??= new DrainWaiters();
    return this.#drainWaiters.wait(signal);
  }

  /** Begins the closing handshake after the sends that are under way; `closeTimeout` runs from now. @internal */
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
        new TimeoutError('close', timeout, `sends before close took longer than ${timeout} ms`),
      );
    }, timeout);
    this.#closeTimer.unref();
  }

  /** Whether a new message may be sent. @internal */
  protected get isOpen(): boolean {
    return this.session.isOpen && !this.#isCloseWaiting;
  }

  /**
   * Refuses sends after a call of `close`, also while the close frame has not left.
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

  /** Sends a ping and waits for its pong. @internal */
  protected sendPing(data: Exclude<Data, Blob> | undefined, observer?: PingObserver): void {
    const { pings } = this;
    const payload = data === undefined ? pings.nextPayload() : controlPayload('ping', data);
    this.checkNotClosing();
    this.driver.ping(payload);
    pings.sent(payload, now(), observer);
  }
}

function toAddress(
  socket: OwnSocket | undefined,
  end: 'local' | 'remote',
): SocketAddress | undefined {
  const address = plainAddress(socket?.[`${end}Address`]);
  const port = socket?.[`${end}Port`];
  return address === undefined || port === undefined ? undefined : { address, port };
}
