/**
 * A connection whose calls block.
 */

import { blobBytes } from '../blocking/blob-bytes.ts';
import { type BlockingDriver, NEVER } from '../blocking/blocking-driver.ts';
import { checkCallAllowed } from '../blocking/callers-function.ts';
import { Corks, GOOD_BATCH } from '../blocking/corks.ts';
import {
  controlPayload,
  dataError,
  isBlob,
  isSentAsText,
  type ReadyData,
  readyData,
} from '../connection/data.ts';
import { Fragments, takePieces } from '../connection/fragments.ts';
import { endError, isNormalEnd, type Message } from '../connection/message.ts';
import { markCopy } from '../connection/package-copies.ts';
import type { ReceiveQueue } from '../connection/receive-queue.ts';
import { ConcurrencyError, TimeoutError, WebSocketError } from '../errors.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  checkCallOptions,
  checkSendOptions,
  type Data,
  describe,
  milliseconds,
  type ResolvedConnectOptions,
  type SendOptions,
} from '../options/options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import type { PingTracker } from '../protocol/ping-tracker.ts';
import type { ConnectionState } from '../protocol/session-state.ts';
import { now } from '../transport/clock.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import type { SocketAddress } from '../transport/socket.ts';

/** Options of one blocking `recv` or `ping`. */
export interface SyncRecvOptions {
  /** Milliseconds to wait; 0 for ever. Default `receiveTimeout` of the connection. */
  timeout?: number | undefined;
}

/** Options of one blocking `send`. */
export interface SyncSendOptions extends SendOptions {
  /**
   * Milliseconds to wait for a peer that does not read; 0 for ever. Default 0. What has not left
   * by then leaves with later calls: `bufferedAmount` tells how much that is.
   */
  timeout?: number | undefined;
}

/** Options of one blocking `cork`. */
export interface SyncCorkOptions {
  /** Milliseconds to wait for a peer that does not read; 0 for ever. Default 0. Sends within have it for a default. */
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
  /** The close code received: 1005 if the close frame had none, 1006 if none came; `undefined` before the end. */
  readonly closeCode: number | undefined;
  /** The close reason received; `undefined` before the end. */
  readonly closeReason: string | undefined;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /**
   * Bytes sent that the system has not taken, counted as they leave: over TLS, encrypted. A send returns
   * once it has taken all, so there are some only after a send that timed out, or where a worker has the
   * socket.
   */
  readonly bufferedAmount: number;
  /** Round-trip time of the last ping answered, in milliseconds. */
  readonly latency: number | undefined;
  /**
   * Sends a message: a string as text, anything else as binary; an iterable as the fragments of one
   * message, of the kind of its first piece. All its pieces are taken before anything of it leaves. Blocks
   * until the system has taken the message. While the peer does not read, what the peer sends is received
   * and kept for `recv`, up to 64 MiB, or `maxMessageSize` where that is more.
   *
   * @throws TypeError for data of another kind, or the Blob of a file; nothing is sent then
   * @throws ConnectionClosedError if the connection is not open, or is lost meanwhile
   * @throws TimeoutError after `timeout` ms; the message still leaves, with later calls
   * @throws WebSocketError `WS_RECEIVE_QUEUE_FULL` once more than that is kept and the peer still does
   * not read; `recv` makes room, and the message still leaves, with later calls
   */
  send(data: Data | Iterable<Data>, options?: SyncSendOptions): void;
  /**
   * Blocks until the next message comes, and returns it. Messages that came before a close are returned
   * before the close is reported.
   *
   * @throws ConnectionClosedError when the connection is closed
   * @throws RemoteProtocolError, MessageTooBigError when the peer made it fail
   * @throws WebSocketError `WS_MESSAGES_DROPPED` in place of these, if more came after `close` than is kept
   * @throws TimeoutError after `timeout` ms; nothing is lost and the connection stays usable
   */
  recv(options?: SyncRecvOptions): Message;
  /**
   * Runs a function, and lets everything that it sends on this connection leave together: one system call for many
   * messages, and over TLS few records. Blocks until the system has it. A call within that has to wait for the peer
   * (`recv`, `ping`, `close`) sends first what was sent before it. What was sent leaves although the function throws.
   *
   * The function must not be async: what it sends after an `await` leaves message by message.
   *
   * @param send called with this connection, once, before `cork` returns
   * @throws TypeError if it is no function
   * @throws TimeoutError if the system has not taken everything after `timeout` ms; the rest leaves in later calls
   * @throws ConnectionClosedError if the connection is lost meanwhile
   * @throws WebSocketError `WS_RECEIVE_QUEUE_FULL` as `send` does
   * @example
   * ```ts
   * ws.cork(() => {
   *   for (const order of orders) ws.send(order);
   * });
   * ```
   */
  cork(send: (ws: this) => void, options?: SyncCorkOptions): void;
  /**
   * Sends a ping and blocks until its pong comes (RFC 6455 §5.5.2). Messages that come before it are kept
   * for `recv`.
   *
   * @param data at most 125 bytes. Default a counter
   * @returns the round-trip time in milliseconds
   * @throws LocalProtocolError for more than 125 bytes
   * @throws TimeoutError after `timeout` ms
   * @throws ConnectionClosedError if the connection is not open, or closes before the pong
   * @throws WebSocketError `WS_RECEIVE_QUEUE_FULL` once more messages are kept than `send` keeps
   */
  ping(data?: Exclude<Data, Blob>, options?: SyncRecvOptions): number;
  /** Sends an unsolicited pong (RFC 6455 §5.5.3). Throws as `ping`. */
  pong(data?: Exclude<Data, Blob>): void;
  /**
   * Closes the connection with the closing handshake (RFC 6455 §7.1.2); blocks until it is closed,
   * for `closeTimeout` at most. `recv` still returns the messages that had come, and those that the peer
   * sends before its close frame. As many of them are kept as while a `send` waits.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, LocalProtocolError for a code or reason that may not be sent
   */
  close(code?: number, reason?: string): void;
  /** Destroys the socket at once, without a closing handshake. */
  terminate(): void;
  /** Counts of what has gone over the connection. Over TLS, its bytes are counted without the encryption. */
  stats(): ConnectionStats;
  /** Does nothing: a connection of the sync client never keeps the process alive. */
  ref(): this;
  /** Does nothing: a connection of the sync client never keeps the process alive. */
  unref(): this;
}

/** Makes the error for a call that would have to keep more than it may: its wait might never end. */
function fullError(operation: 'send' | 'cork' | 'ping'): WebSocketError {
  return new WebSocketError(
    'WS_RECEIVE_QUEUE_FULL',
    `${operation}: the peer has sent more than is kept until it is received; recv makes room`,
  );
}

const TIMEOUT: readonly string[] = ['timeout'];

/** Keeps what has come for a connection. */
export interface Inbox {
  readonly messages: ReceiveQueue;
  readonly pings: PingTracker;
  /** Whether we were the first to close. */
  isCloser: boolean;
}

/** The options that a blocking connection uses. */
export type BlockingOptions = Pick<ResolvedConnectOptions, 'receiveTimeout'>;

/** A connection whose calls block, over a driver that fills its inbox. */
export class BlockingConnection implements SyncConnection {
  readonly url: string;
  readonly #receiveTimeout: number;
  readonly #inbox: Inbox;
  readonly #driver: BlockingDriver;
  /** The calls of `cork` under way; made by the first one. */
  #corks: Corks | undefined;

  static {
    markCopy(BlockingConnection);
  }

  constructor(url: string, options: BlockingOptions, inbox: Inbox, driver: BlockingDriver) {
    this.url = url;
    this.#receiveTimeout = options.receiveTimeout;
    this.#inbox = inbox;
    this.#driver = driver;
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
    return this.#inbox.pings.latency;
  }

  send(data: Data | Iterable<Data>, options?: SyncSendOptions): void {
    this.#begin();
    checkSendOptions(options, TIMEOUT);
    const corks = this.#corks?.isInside ? this.#corks : undefined;
    const timeout = milliseconds('send: timeout', options?.timeout ?? corks?.timeout ?? 0);
    options?.signal?.throwIfAborted();
    const ready = readyData(data) ?? readBlob(data);
    const fragments = ready === undefined ? fragmentsOf(data, options) : undefined;
    const isText = ready !== undefined && isSentAsText(ready, options);
    this.#driver.refresh();
    this.#driver.limitSending(timeout === 0 ? NEVER : now() + timeout);
    if (ready !== undefined) this.#driver.sendMessage(ready, isText, options?.compress);
    else fragments?.sendTo(this.#driver, options?.compress);
    if (corks === undefined) {
      this.#driver.flush();
      this.#throwUnlessLeft('send', timeout);
    } else {
      if (corks.hasSent && this.#driver.gathered >= GOOD_BATCH) this.#driver.flush();
      this.#driver.limitSending(NEVER);
      this.#throwIfLost();
      if (this.#inbox.messages.isFull && !this.#driver.hasLeft()) throw fullError('send');
    }
  }

  cork(send: (ws: this) => void, options?: SyncCorkOptions): void {
    this.#begin();
    if (typeof send !== 'function') {
      throw new TypeError(`cork: it takes a function, not ${describe(send)}`);
    }
    checkCallOptions('cork', options, TIMEOUT);
    const timeout = milliseconds('cork: timeout', options?.timeout ?? 0);
    this.#corks ??= new Corks(this.#driver);
    const corks = this.#corks;
    let isWhole = false;
    corks.enter(timeout);
    try {
      this.#driver.cork(() => send(this));
      isWhole = true;
    } finally {
      corks.leave();
      if (!corks.isInside) {
        this.#driver.limitSending(timeout === 0 ? NEVER : now() + timeout);
        this.#driver.flush();
      }
    }
    if (isWhole && !corks.isInside) this.#throwUnlessLeft('cork', timeout);
  }

  recv(options?: SyncRecvOptions): Message {
    this.#begin();
    checkCallOptions('recv', options, TIMEOUT);
    const timeout = milliseconds('recv: timeout', options?.timeout ?? this.#receiveTimeout);
    const deadline = timeout === 0 ? NEVER : now() + timeout;
    const { messages } = this.#inbox;
    // What was sent within `cork` may be what brings the message.
    if (messages.length === 0 && this.#corks?.isInside === true) {
      this.#corks.hasSent = true;
      this.#driver.flush();
    }
    while (messages.length === 0) {
      if (this.state === 'closed') throw messages.loss ?? endError(this.#driver.session);
      const isInTime = this.#driver.pump(deadline);
      if (!isInTime && messages.length === 0) throw new TimeoutError('recv', timeout);
    }
    return messages.shift() as Message;
  }

  ping(data?: Exclude<Data, Blob>, options?: SyncRecvOptions): number {
    this.#begin();
    checkCallOptions('ping', options, TIMEOUT);
    const timeout = milliseconds('ping: timeout', options?.timeout ?? this.#receiveTimeout);
    const payload =
      data === undefined ? this.#inbox.pings.nextPayload() : controlPayload('ping', data).slice();
    this.#driver.refresh();
    const deadline = timeout === 0 ? NEVER : now() + timeout;
    this.#driver.limitSending(deadline);
    this.#driver.write((session) => session.ping(payload));
    let answered: number | undefined;
    this.#inbox.pings.sent(payload, now(), (roundTrip) => {
      answered = roundTrip;
    });
    this.#driver.flush();
    while (answered === undefined) {
      if (this.state === 'closed') throw endError(this.#driver.session);
      if (this.#inbox.messages.isFull) throw fullError('ping');
      const isInTime = this.#driver.pump(deadline);
      if (!isInTime && answered === undefined) throw new TimeoutError('ping', timeout);
    }
    return answered;
  }

  pong(data: Exclude<Data, Blob> = ''): void {
    this.#begin();
    const payload = controlPayload('pong', data);
    this.#driver.write((session) => session.pong(payload));
    if (this.#corks?.isInside !== true) this.#driver.flush();
  }

  close(code = 1000, reason = ''): void {
    this.#begin();
    serializeClosePayload(nodeKernels(), code, reason);
    this.#inbox.isCloser ||= this.state === 'open';
    this.#driver.write((session) => session.close(code, reason, now()));
    this.#driver.flush();
    while (this.state !== 'closed') this.#driver.pump(NEVER);
  }

  terminate(): void {
    this.#checkNotRevoked();
    this.#driver.terminate();
  }

  stats(): ConnectionStats {
    return this.#driver.stats();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** @internal */
  [INSPECT](): object {
    return shownConnection('SyncConnection', this);
  }

  [Symbol.dispose](): void {
    if (!this.#driver.isRevoked) this.close();
  }

  *[Symbol.iterator](): Iterator<Message> {
    for (;;) {
      let message: Message;
      try {
        message = this.recv();
      } catch (error) {
        const { messages, isCloser } = this.#inbox;
        if (messages.loss === undefined && isNormalEnd(this.#driver.session, isCloser)) return;
        throw error;
      }
      yield message;
    }
  }

  /** Begins a call that blocks. */
  #begin(): void {
    this.#checkNotRevoked();
    checkCallAllowed();
    this.#driver.begin();
  }

  #checkNotRevoked(): void {
    if (!this.#driver.isRevoked) return;
    throw new ConcurrencyError(
      'toAsync has given the connection back to the event loop: use what it returned',
    );
  }

  /** Throws if the connection was lost while something was being sent, or if not all of it has left. */
  #throwUnlessLeft(operation: 'send' | 'cork', timeout: number): void {
    // Asked first, since the answer may be that the connection is lost.
    const hasLeft = this.#driver.hasLeft();
    this.#throwIfLost();
    if (hasLeft) return;
    if (this.state === 'closed') throw this.#driver.session.closedError();
    throw this.#inbox.messages.isFull ? fullError(operation) : new TimeoutError(operation, timeout);
  }

  /** Throws if the connection was lost while a message was being sent. */
  #throwIfLost(): void {
    const { failure }: { failure: WebSocketError | undefined } = this.#driver.session;
    if (failure !== undefined) throw this.#driver.session.closedError();
  }
}

/** Reads the bytes of a Blob; returns `undefined` for anything else. */
function readBlob(data: unknown): Uint8Array | undefined {
  return isBlob(data) ? blobBytes(data) : undefined;
}

function fragmentsOf(data: unknown, options: SendOptions | undefined): Fragments {
  const pieces = takePieces(data);
  if (pieces === undefined) throw dataError('send', data);
  return new Fragments(
    pieces.map((piece) => readBlob(piece) ?? (piece as ReadyData)),
    options,
  );
}
