/**
 * The sync face: every call blocks until it is done, on the main thread and in workers.
 *
 * While a call blocks, nothing else runs on its thread: no timer, no promise, no other socket.
 * Between two calls nobody answers the server's pings; those that came are answered at the start
 * of the next one.
 *
 * @example
 * ```ts
 * import { connect } from 'wirespeed/sync';
 *
 * const ws = connect('ws://127.0.0.1:9001/');
 * ws.send('hello');
 * console.log(ws.recv());
 * ws.close();
 * ```
 *
 * @packageDocumentation
 */
import { TimeoutError, type WebSocketError } from '../errors.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  type ConnectOptions,
  type Data,
  milliseconds,
  type ResolvedConnectOptions,
  resolveConnectOptions,
  type SendOptions,
} from '../options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { HeaderMap } from '../protocol/http-head.ts';
import { PingTracker } from '../protocol/ping-tracker.ts';
import type { ConnectionState } from '../protocol/session-state.ts';
import { now } from '../transport/clock.ts';
import { controlPayload, dataError, isBlob, isSentAsText, readyData } from '../transport/data.ts';
import type { ConnectionStats } from '../transport/driver.ts';
import { MessageQueue } from '../transport/message-queue.ts';
import { copyBytes, endError, isNormalEnd, type Message } from '../transport/received.ts';
import type { SocketAddress } from '../transport/socket-address.ts';
import { socketBroker } from '../transport/sync/socket-broker.ts';
import { SyncDriver, type SyncOwner } from '../transport/sync/sync-driver.ts';
import { parseTarget, type Target } from '../transport/target.ts';
import { decodeText } from '../transport/text.ts';

export * from '../errors.ts';
export type {
  CommonOptions,
  ConnectOptions,
  Data,
  DeflateOptions,
  HeadersInput,
  SendOptions,
} from '../options.ts';
export type { HeaderMap } from '../protocol/http-head.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
export type { ConnectionStats } from '../transport/driver.ts';
export type { Message } from '../transport/received.ts';
export type { SocketAddress } from '../transport/socket-address.ts';

/** Options of one blocking `recv` or `ping`. */
export interface SyncRecvOptions {
  /** Milliseconds to wait; 0 for ever. Default `receiveTimeout` of the connection. */
  timeout?: number | undefined;
}

/** Options of one blocking `send`. */
export interface SyncSendOptions extends SendOptions {
  /**
   * Milliseconds to wait for a peer that does not read; 0 for ever. Default 0. What has not left
   * by then is kept and leaves with later calls: `bufferedAmount` tells how much that is.
   */
  timeout?: number | undefined;
}

/** An open WebSocket connection whose calls block. */
export interface SyncConnection extends Iterable<Message>, Disposable {
  /** The URL connected to, without credentials. */
  readonly url: string;
  /** The subprotocol agreed on, or the empty string. */
  readonly protocol: string;
  /** The extensions agreed on, as the handshake's header names them, or the empty string. */
  readonly extensions: string;
  /** The server's handshake headers, names in lower case. */
  readonly headers: HeaderMap;
  readonly state: ConnectionState;
  /** The close code received, 1005 if it had none, 1006 if no close frame came; `undefined` before the end. */
  readonly closeCode: number | undefined;
  /** The close reason received; `undefined` before the end. */
  readonly closeReason: string | undefined;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /**
   * Bytes that have not been handed to the system, as they leave. A send returns when it has taken
   * all, so there are some only after one that timed out, or where a worker has the socket.
   */
  readonly bufferedAmount: number;
  /** Round-trip time of the last ping answered, in milliseconds. */
  readonly latency: number | undefined;
  /**
   * Sends a message: a string as text, anything else as binary. Blocks until the system has taken
   * it; while the peer does not read, what it sends is received and kept for `recv`.
   *
   * @throws TypeError for data of another kind; nothing is sent then
   * @throws ConnectionClosedError if the connection is not open, or is lost meanwhile
   * @throws TimeoutError after `timeout` ms; the message still leaves, with later calls
   */
  send(data: Data, options?: SyncSendOptions): void;
  /**
   * Blocks until the next message. Those that arrived before a close are received before it is told.
   *
   * @throws ConnectionClosedError when the connection is closed
   * @throws RemoteProtocolError, MessageTooBigError when the peer made it fail
   * @throws TimeoutError after `timeout` ms; nothing is lost and the connection stays usable
   */
  recv(options?: SyncRecvOptions): Message;
  /**
   * Sends a ping and blocks until its pong (RFC 6455 §5.5.2); messages that come first are kept.
   *
   * @param data at most 125 bytes. Default a counter
   * @returns the round-trip time in milliseconds
   * @throws LocalProtocolError for more than 125 bytes
   * @throws TimeoutError after `timeout` ms
   * @throws ConnectionClosedError if the connection is not open, or closes before the pong
   */
  ping(data?: Exclude<Data, Blob>, options?: SyncRecvOptions): number;
  /** Sends a pong that nobody asked for (RFC 6455 §5.5.3). Throws as `ping`. */
  pong(data?: Exclude<Data, Blob>): void;
  /**
   * Closes the connection with the closing handshake (RFC 6455 §7.1.2); blocks until it is closed,
   * for `closeTimeout` at most. Messages not yet received can still be received.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, LocalProtocolError for a code or reason that may not be sent
   */
  close(code?: number, reason?: string): void;
  /** Destroys the socket at once, without a closing handshake. */
  terminate(): void;
  /** Counts of what has gone over the connection; bytes are those below TLS' encryption. */
  stats(): ConnectionStats;
  /** Does nothing: a connection of the sync face never keeps the process alive. */
  ref(): this;
  /** Does nothing: a connection of the sync face never keeps the process alive. */
  unref(): this;
}

const NEVER = Number.POSITIVE_INFINITY;

class BlockingConnection implements SyncConnection, SyncOwner {
  readonly url: string;
  readonly #options: ResolvedConnectOptions;
  readonly #driver: SyncDriver;
  readonly #messages = new MessageQueue<Message>();
  readonly #pings = new PingTracker();
  #isCloser = false;
  #isDropping = false;
  #messagesReceived = 0;
  #messagesSent = 0;

  constructor(target: Target, options: ResolvedConnectOptions) {
    this.url = target.url;
    this.#options = options;
    this.#driver = new SyncDriver(target, options, this);
  }

  get protocol(): string {
    return this.#driver.session.protocol;
  }

  get extensions(): string {
    return this.#driver.session.extensions;
  }

  get headers(): HeaderMap {
    return this.#driver.session.peerHeaders ?? new Map();
  }

  get state(): ConnectionState {
    return this.#driver.session.state;
  }

  get closeCode(): number | undefined {
    return this.#driver.session.closeCode;
  }

  get closeReason(): string | undefined {
    if (this.closeCode === undefined) return undefined;
    return this.#driver.session.received?.reason ?? '';
  }

  get localAddress(): SocketAddress | undefined {
    return this.#driver.localAddress;
  }

  get remoteAddress(): SocketAddress | undefined {
    return this.#driver.remoteAddress;
  }

  get bufferedAmount(): number {
    return this.#driver.bufferedAmount;
  }

  get latency(): number | undefined {
    return this.#pings.latency;
  }

  send(data: Data, options?: SyncSendOptions): void {
    const timeout = milliseconds('send: timeout', options?.timeout ?? 0);
    options?.signal?.throwIfAborted();
    const ready = readyData(data) ?? this.#readBlob(data);
    const { session } = this.#driver;
    const isText = isSentAsText(ready, options);
    this.#driver.refresh();
    this.#driver.limitSending(timeout === 0 ? NEVER : now() + timeout);
    if (typeof ready === 'string') session.sendText(ready, options?.compress);
    else session.sendBinary(ready, isText, options?.compress);
    this.#driver.flush();
    this.#messagesSent++;
    this.#throwIfLost();
    if (this.#driver.isBehind) throw new TimeoutError('send', timeout);
  }

  recv(options?: SyncRecvOptions): Message {
    const timeout = milliseconds('recv: timeout', options?.timeout ?? this.#options.receiveTimeout);
    const deadline = timeout === 0 ? NEVER : now() + timeout;
    while (this.#messages.length === 0) {
      if (this.state === 'closed') throw endError(this.#driver.session);
      const isInTime = this.#driver.pump(deadline);
      if (!isInTime && this.#messages.length === 0) throw new TimeoutError('recv', timeout);
    }
    return this.#messages.shift() as Message;
  }

  ping(data?: Exclude<Data, Blob>, options?: SyncRecvOptions): number {
    const timeout = milliseconds('ping: timeout', options?.timeout ?? this.#options.receiveTimeout);
    const payload =
      data === undefined ? this.#pings.nextPayload() : controlPayload('ping', data).slice();
    this.#driver.refresh();
    const deadline = timeout === 0 ? NEVER : now() + timeout;
    this.#driver.limitSending(deadline);
    this.#driver.session.ping(payload);
    let answered: number | undefined;
    this.#pings.sent(payload, now(), (roundTrip) => {
      answered = roundTrip;
    });
    this.#driver.flush();
    while (answered === undefined) {
      if (this.state === 'closed') throw endError(this.#driver.session);
      const isInTime = this.#driver.pump(deadline);
      if (!isInTime && answered === undefined) throw new TimeoutError('ping', timeout);
    }
    return answered;
  }

  pong(data: Exclude<Data, Blob> = ''): void {
    this.#driver.session.pong(controlPayload('pong', data));
    this.#driver.flush();
  }

  close(code = 1000, reason = ''): void {
    serializeClosePayload(nodeKernels(), code, reason);
    this.#isCloser ||= this.state === 'open';
    this.#driver.session.close(code, reason, now());
    this.#driver.flush();
    while (this.state !== 'closed') this.#driver.pump(NEVER);
  }

  terminate(): void {
    this.#driver.terminate();
  }

  stats(): ConnectionStats {
    return {
      bytesReceived: this.#driver.bytesReceived,
      bytesSent: this.#driver.bytesSent,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
    };
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  *[Symbol.iterator](): Iterator<Message> {
    for (;;) {
      let message: Message;
      try {
        message = this.recv();
      } catch (error) {
        if (isNormalEnd(this.#driver.session, this.#isCloser)) return;
        throw error;
      }
      yield message;
    }
  }

  /** @internal */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    this.#messagesReceived++;
    if (this.#isCloser && this.#isDropped()) return;
    this.#messages.push(isText ? decodeText(bytes, start, end) : copyBytes(bytes, start, end));
  }

  /** @internal */
  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.#pings.received(bytes, start, end, now());
  }

  /**
   * After our own close reading goes on, to see the peer's: as in the async face, what the queue
   * cannot hold is dropped, and all that follows it.
   */
  #isDropped(): boolean {
    this.#isDropping ||= this.#messages.length >= this.#options.receiveQueue.high;
    return this.#isDropping;
  }

  #readBlob(data: unknown): Uint8Array {
    if (!isBlob(data)) throw dataError('send', data);
    return socketBroker().readBlob(data);
  }

  /** A send that ended in the loss of the connection has not succeeded. */
  #throwIfLost(): void {
    const { failure }: { failure: WebSocketError | undefined } = this.#driver.session;
    if (failure !== undefined) throw this.#driver.session.closedError();
  }
}

/**
 * Connects to a WebSocket server, and blocks until the connection is open.
 *
 * @param url `ws:` or `wss:`
 * @throws TypeError, RangeError for wrong arguments
 * @throws InvalidUrlError if the URL is not one of a WebSocket
 * @throws ConnectError if no connection comes about: nothing listens, DNS, TLS
 * @throws HandshakeError if the server does not upgrade (RFC 6455 §4.1)
 * @throws TimeoutError after `connectTimeout`
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where the platform has no way to block on a socket
 * @example
 * ```ts
 * const ws = connect('wss://example.com/feed');
 * for (const message of ws) console.log(message);
 * ```
 */
export function connect(url: string | URL, options?: ConnectOptions): SyncConnection {
  const resolved = resolveConnectOptions(options);
  const target = parseTarget(url);
  resolved.signal?.throwIfAborted();
  return new BlockingConnection(target, resolved);
}
