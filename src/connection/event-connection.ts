/**
 * The connection of the events client and of the server: its handlers are called as bytes are read, with views of
 * the receive buffer or with data of their own.
 */

import { ConnectionClosedError, WebSocketError } from '../errors.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  checkSendOptions,
  type Data,
  describe,
  type SendData,
  type SendOptions,
} from '../options/options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { Opcode } from '../protocol/frame.ts';
import { nextTick } from '../transport/clock.ts';
import { copyBytes, copyPooled } from '../transport/message-slab.ts';
import { view } from '../transport/receive-buffer.ts';
import {
  controlPayload,
  dataError,
  isBlob,
  isSentAsText,
  type ReadyData,
  readyData,
} from './data.ts';
import { DrivenConnection, type DrivenOptions } from './driven-connection.ts';
import { isIterable } from './fragments.ts';
import { keepMessage, type Message, messagesDroppedError } from './message.ts';
import { poison } from './poison.ts';
import type { UpgradeRequest } from './upgrade-request.ts';

/** A data frame, as the `frame` handler gets it. With `views: true` it is valid until the handler returns. */
export interface Frame {
  /** 0 continuation, 1 text, 2 binary. */
  readonly opcode: Opcode;
  /** Whether it is the last frame of its message. */
  readonly isFinal: boolean;
  /** A view, or bytes to keep, as in the handler `message`. */
  readonly payload: Uint8Array;
}

/**
 * The handlers of a connection: functions of an object, or methods of a class, called with their object as `this`.
 * Every handler may be left out. If a handler throws, or returns a promise that rejects, its connection is failed
 * with 1011; other connections go on.
 *
 * @typeParam M data of the `message` handler: a view of the receive buffer, or a {@link Message} to keep
 */
export interface Handlers<T = unknown, M = Uint8Array> {
  /** The connection is open. */
  open?(ws: EventConnection<T>): void;
  /**
   * A message came. On a server, or with `views: false`, text is a string and binary is bytes of its own. The handler
   * may keep both.
   *
   * With `views: true`, which is the default of the events client, `data` is a view of a buffer that the next read
   * overwrites. It is valid until the handler returns: copy what is needed longer (`data.slice()`). Text is valid
   * UTF-8. A handler must not return a promise then: that is a TypeError, at its first call. With the environment
   * variable `WIRESPEED_POISON_VIEWS=1` every view is overwritten when its handler has returned, which shows a program
   * that keeps one.
   */
  message?(ws: EventConnection<T>, data: M, isText: boolean): void;
  /** A data frame came. If there is this handler, `message` is never called. */
  frame?(ws: EventConnection<T>, frame: Frame): void;
  /** All messages of one read have been delivered: a good time to act on them together. */
  batchEnd?(ws: EventConnection<T>): void;
  /** `send` has returned false, and what it buffered has fallen to half of `sendHighWaterMark`. */
  drain?(ws: EventConnection<T>): void;
  /** A ping came. It has been answered, unless `autoPong` is off. `data` is a view or to keep, as in `message`. */
  ping?(ws: EventConnection<T>, data: Uint8Array): void;
  /** A pong came. `data` is a view or to keep, as in `message`. */
  pong?(ws: EventConnection<T>, data: Uint8Array): void;
  /** The connection is closed; called once, last. The code is as in {@link CloseFacts}. */
  close?(ws: EventConnection<T>, code: number, reason: string): void;
  /** The connection has failed; `close` follows. */
  error?(ws: EventConnection<T>, error: WebSocketError): void;
}

/** The name of a handler. */
export type HandlerName = keyof Handlers;

/** Handlers whose data is a view, with `views: true`. */
const GIVEN_VIEWS: ReadonlySet<HandlerName> = new Set(['message', 'frame', 'ping', 'pong']);

/** A connection whose handlers are called with its messages. */
export class EventConnection<T = unknown> extends DrivenConnection {
  /** For the program's own use; `undefined` at first, or `data` of the request hook's answer. */
  data: T = undefined as T;
  /** On a server: the request that opened the connection. */
  request: UpgradeRequest | undefined;
  readonly #handlers: Handlers<T, Message>;
  readonly #hasViews: boolean;
  /** The object that the `frame` handler is given each time, with `views: true`. */
  #frame: { opcode: Opcode; isFinal: boolean; payload: Uint8Array } | undefined;
  #isOpened = false;
  #isPaused = false;
  /** Whether a message was sent since the last one came: a reply is awaited. */
  #isAwaiting = false;
  /** How many messages, and how many bytes, came after `close` while the connection was paused. */
  #dropped: { count: number; bytes: number } | undefined;
  /** Whether `send` has returned false since `drain` was called. */
  #owesDrain = false;

  /** @param hasViews whether handlers are given views of the receive buffer, instead of data to keep */
  constructor(
    url: string,
    handlers: Handlers<T> | Handlers<T, Message>,
    options: DrivenOptions,
    hasViews: boolean,
  ) {
    super(url, options);
    this.#handlers = handlers as Handlers<T, Message>;
    this.#hasViews = hasViews;
  }

  /**
   * Sends a message: a string as text, anything else as binary, an iterable as the fragments of one message. The
   * caller may change the data afterwards. The first message of a turn leaves at once. Those that follow in the same
   * turn, and all that are sent while messages are being delivered, leave together, 16 KiB at a time.
   *
   * All pieces of an array or a Set are checked in the call. The pieces of any other iterable are taken one by one,
   * as there is room for them, and each is copied when it is taken. Later messages wait for the last piece. If the
   * iterable throws or gives a value that is no data, the connection is failed with `WS_SEND`; so it is for a Blob
   * that cannot be read.
   *
   * @returns false if more is buffered than `sendHighWaterMark`: wait for `drain`. Also if the message was not sent,
   *   since the connection is not open, or since its peer reads too slowly (see a server's `maxBufferedAmount`);
   *   `stats().messagesRefused` counts those
   * @throws TypeError for data of another kind, and for the option `signal`; nothing is sent then
   */
  send(data: SendData, options?: Omit<SendOptions, 'signal'>): boolean {
    checkSendOptions(options);
    if (options !== undefined) refuseSignal(options);
    const ready = readyData(data);
    if (ready === undefined && !isBlob(data) && !isIterable(data)) throw dataError('send', data);
    const { driver } = this;
    if (!this.isOpen || driver.isOverfull()) return this.#refuse();
    if (ready === undefined || this.isSentLater(ready, options)) {
      return this.#sendLater(data, ready, options);
    }
    const isText = isSentAsText(ready, options);
    try {
      driver.sendMessage(ready, isText, options?.compress);
    } catch (error) {
      if (!(error instanceof ConnectionClosedError)) throw error;
      // The connection has failed, and its handlers were called for that.
      return this.#refuse();
    }
    this.#isAwaiting = true;
    // Within a delivery, the wait begins at its end.
    if (!driver.isDelivering) this.poll?.begin();
    return this.#hasRoom();
  }

  /**
   * Sends a ping. Its pong updates `latency` and calls the `pong` handler.
   *
   * @param data at most 125 bytes. Default a counter
   * @returns false if nothing was sent, since the connection is not open
   * @throws TypeError for data that is neither a string nor a buffer
   * @throws LocalProtocolError for more than 125 bytes (RFC 6455 §5.5)
   */
  ping(data?: Exclude<Data, Blob>): boolean {
    const payload = data === undefined ? undefined : controlPayload('ping', data);
    return this.#ifOpen(() => this.sendPing(payload));
  }

  /** Sends an unsolicited pong (RFC 6455 §5.5.3); the library answers pings itself. Returns and throws as `ping`. */
  pong(data: Exclude<Data, Blob> = ''): boolean {
    const payload = controlPayload('pong', data);
    return this.#ifOpen(() => this.driver.pong(payload));
  }

  /**
   * Begins the closing handshake. The `close` handler is called when it is done, or after `closeTimeout`. Messages
   * that the peer sends before its own close frame are still delivered. The call has no effect if the connection is
   * closing or closed already.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, LocalProtocolError for a code or reason that may not be sent
   */
  close(code = 1000, reason = ''): void {
    serializeClosePayload(nodeKernels(), code, reason);
    this.beginClose(() => this.driver.close(code, reason));
  }

  /** Calls `send` and lets everything that it sends leave in one batch. */
  cork(send: (ws: this) => void): void {
    if (typeof send !== 'function') {
      throw new TypeError(`cork: it takes a function, not ${describe(send)}`);
    }
    this.driver.cork(() => send(this));
  }

  /**
   * Stops delivery at once. Until `resume` only `drain`, `error` and `close` are called, and nothing is read. After
   * `close()` the connection is read all the same, so that the peer's close frame is seen. Messages that come before
   * that frame are dropped, and `error` is called with their number (`WS_MESSAGES_DROPPED`).
   */
  pause(): void {
    this.#isPaused = true;
    // After `close` the connection is read on, so that the peer's close frame is seen.
    if (this.isOpen) this.driver.pause();
  }

  /** Delivers what waits, and reads on. */
  resume(): void {
    this.#isPaused = false;
    this.driver.resume();
  }

  /** @internal */
  [INSPECT](): object {
    return shownConnection('EventConnection', this);
  }

  /** @internal */
  override onOpen(): void {
    this.#isOpened = true;
    this.#call('open');
    super.onOpen();
  }

  /** @internal */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    this.#isAwaiting = false;
    this.endWait();
    if (this.#isPaused || this.#dropped !== undefined) {
      this.#drop(end - start);
      return;
    }
    if (this.#handlers.message === undefined) return;
    const hasViews = this.#hasViews;
    const data = hasViews
      ? view(bytes, start, end)
      : keepMessage(bytes, start, end, isText, isOwn, this.isPooled);
    try {
      const result: unknown = this.#handlers.message(this, data, isText);
      if (result !== undefined) this.#watch('message', result);
    } catch (error) {
      this.#handleFault('message', error);
    }
    if (hasViews) poison(data as Uint8Array);
  }

  /** @internal */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void {
    this.#isAwaiting = false;
    this.endWait();
    if (this.#isPaused || this.#dropped !== undefined) {
      this.#drop(end - start);
      return;
    }
    const payload = this.#toPayload(bytes, start, end);
    let frame: Frame;
    if (this.#hasViews) {
      this.#frame ??= { opcode, isFinal, payload };
      this.#frame.opcode = opcode;
      this.#frame.isFinal = isFinal;
      this.#frame.payload = payload;
      frame = this.#frame;
    } else {
      frame = { opcode, isFinal, payload };
    }
    this.#callWith('frame', frame, payload);
  }

  /** @internal */
  override onBatchEnd(): void {
    if (this.#isAwaiting) this.poll?.begin();
    if (this.#handlers.batchEnd === undefined || !this.#isOpened || this.#isPaused) return;
    this.#call('batchEnd');
  }

  /** @internal */
  override onDrain(): void {
    super.onDrain();
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#call('drain');
  }

  /** @internal */
  override onPing(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isPaused || this.#handlers.ping === undefined) return;
    const data = this.#toPayload(bytes, start, end);
    this.#callWith('ping', data, data);
  }

  /** @internal */
  override onPong(bytes: Uint8Array, start: number, end: number): void {
    super.onPong(bytes, start, end);
    if (this.#isPaused || this.#handlers.pong === undefined) return;
    const data = this.#toPayload(bytes, start, end);
    this.#callWith('pong', data, data);
  }

  /** @internal */
  override onFailure(error: WebSocketError): void {
    if (this.#isOpened) this.#call('error', error);
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    if (!this.#isOpened) return;
    const dropped = this.#dropped;
    if (dropped !== undefined)
      this.#call('error', messagesDroppedError(dropped.count, dropped.bytes));
    this.#call('close', this.closeCode, this.closeReason ?? '');
  }

  /**
   * Reports what a handler threw, or what its promise was rejected with: as an uncaught exception, since it is a fault
   * of the program.
   *
   * @internal
   */
  protected reportFault(_handler: HandlerName, error: unknown): void {
    nextTick(() => {
      throw error;
    });
  }

  #refuse(): false {
    this.driver.messagesRefused++;
    return false;
  }

  #ifOpen(write: () => void): boolean {
    if (!this.isOpen) return false;
    try {
      write();
    } catch (error) {
      // The return value says that the connection is closed. Other errors are wrong arguments.
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
    return this.session.isOpen;
  }

  #sendLater(
    data: SendData,
    ready: ReadyData | undefined,
    options: SendOptions | undefined,
  ): boolean {
    let sent: Promise<void> | undefined;
    try {
      sent = this.sendLater(data, ready, options);
    } catch (error) {
      // The connection failed while the first pieces were written, and its handlers were called for that.
      if (error instanceof ConnectionClosedError) return this.#refuse();
      throw error;
    }
    sent?.catch((error: unknown) => {
      // Sends that fail because the connection has ended are not reported: `close` is called for that.
      if (this.session.isOpen) this.driver.fail(sendFailure(error));
    });
    return this.#hasRoom();
  }

  /** Tells whether more may be sent. After `false`, `drain` is called when it may. */
  #hasRoom(): boolean {
    const hasRoom = this.driver.hasRoom();
    if (!hasRoom) this.#owesDrain = true;
    return hasRoom;
  }

  #toPayload(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#hasViews) return view(bytes, start, end);
    return this.isPooled ? copyPooled(bytes, start, end) : copyBytes(bytes, start, end);
  }

  #drop(bytes: number): void {
    this.#dropped ??= { count: 0, bytes: 0 };
    this.#dropped.count++;
    this.#dropped.bytes += bytes;
  }

  #callWith(name: HandlerName, argument: unknown, payload: Uint8Array): void {
    this.#call(name, argument);
    if (this.#hasViews) poison(payload);
  }

  #call(name: HandlerName, ...rest: readonly unknown[]): void {
    const handlers = this.#handlers as Partial<Record<HandlerName, (...all: unknown[]) => unknown>>;
    try {
      const result = handlers[name]?.(this, ...rest);
      if (result !== undefined) this.#watch(name, result);
    } catch (error) {
      this.#handleFault(name, error);
    }
  }

  /** If a handler has returned a promise, treats its rejection as an exception of the handler. */
  #watch(name: HandlerName, result: unknown): void {
    if (typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return;
    Promise.resolve(result).catch((error: unknown) => this.#handleFault(name, error));
    if (!this.#hasViews || !GIVEN_VIEWS.has(name)) return;
    throw new TypeError(
      `the handler '${name}' returned a promise, but its data is a view that is valid until it returns; copy the data before the first await and return nothing, or set views: false to get data to keep`,
    );
  }

  /** Fails the connection after a fault of a handler, which may have stopped half way. */
  #handleFault(handler: HandlerName, cause: unknown): void {
    this.driver.fail(new WebSocketError('WS_HANDLER', 'a handler threw an exception', { cause }));
    this.reportFault(handler, cause);
  }
}

/** Refuses the signal: this `send` returns at once, and could not report later that it was aborted. */
function refuseSignal(options: SendOptions): void {
  if (options.signal === undefined) return;
  throw new TypeError(
    "send: option 'signal' is for connections of `wirespeed`; here use close() or terminate() to end sends",
  );
}

function sendFailure(cause: unknown): WebSocketError {
  return new WebSocketError('WS_SEND', 'a message could not be sent', { cause });
}
