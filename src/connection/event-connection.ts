/**
 * The connection of the events face and of the server: callbacks on the receive path, with views
 * of the receive buffer instead of copies.
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
import { copyPooled } from './message-slab.ts';
import { poison } from './poison.ts';
import type { UpgradeRequest } from './upgrade-request.ts';

/** A data frame, as the `frame` handler gets it; valid until the handler returns. */
export interface Frame {
  /** 0 continuation, 1 text, 2 binary. */
  readonly opcode: Opcode;
  /** Whether it is the last fragment of its message, or all of it. */
  readonly isFinal: boolean;
  /** A view, valid until the handler returns. */
  readonly payload: Uint8Array;
}

/**
 * What happens on a connection: an object of functions, or an instance of a class with such methods,
 * which are called with it as `this`. Every handler may be left out. An exception thrown by a handler, or the
 * rejection of a promise that it returns, fails the connection with 1011, and no other one.
 *
 * @typeParam M what the `message` handler gets: a view of the receive buffer, or a {@link Message} to keep
 */
export interface Handlers<T = unknown, M = Uint8Array> {
  /** The connection is open. */
  open?(ws: EventConnection<T>): void;
  /**
   * A message came. On a server, or with `views: false`, text is a string and binary is bytes of its own:
   * both may be kept.
   *
   * With `views: true`, which is the default of the events client, `data` is a view of a buffer that is used
   * again: it is valid until the handler returns, and what is needed longer must be copied (`data.slice()`).
   * Text is valid UTF-8. A handler that returns a promise is a TypeError then, in its first call. With the
   * environment variable `WIRESPEED_POISON_VIEWS=1` every view is overwritten when its handler has
   * returned: a program that keeps one is found out.
   */
  message?(ws: EventConnection<T>, data: M, isText: boolean): void;
  /** A data frame came; given, it is called instead of `message`, frame by frame. Its payload is a view or to keep, as there. */
  frame?(ws: EventConnection<T>, frame: Frame): void;
  /** All messages of one read have been delivered: a good time to act on them together. */
  batchEnd?(ws: EventConnection<T>): void;
  /** What `send` buffered has fallen to half of `sendHighWaterMark`, after it had returned false. */
  drain?(ws: EventConnection<T>): void;
  /** A ping came; it has been answered already, unless `autoPong` is off. `data` is a view or to keep, as in `message`. */
  ping?(ws: EventConnection<T>, data: Uint8Array): void;
  /** A pong came. `data` is a view or to keep, as in `message`. */
  pong?(ws: EventConnection<T>, data: Uint8Array): void;
  /** The connection is closed; called once, last. 1005: no code, 1006: no close frame. */
  close?(ws: EventConnection<T>, code: number, reason: string): void;
  /** The connection has failed, and is open no more; `close` follows. */
  error?(ws: EventConnection<T>, error: WebSocketError): void;
}

/** The name of a handler. */
export type HandlerName = keyof Handlers;

/** Handlers that are given a view, if views are wanted. */
const GIVEN_VIEWS: ReadonlySet<HandlerName> = new Set(['message', 'frame', 'ping', 'pong']);

/** A connection whose messages come to handlers. */
export class EventConnection<T = unknown> extends DrivenConnection {
  /** Yours to use; `undefined` at first, or what the server's request hook gave. */
  data: T = undefined as T;
  /** On a server: the request that was accepted. */
  request: UpgradeRequest | undefined;
  readonly #handlers: Handlers<T, Message>;
  readonly #hasViews: boolean;
  /** The one frame object that the `frame` handler is given views in, again and again. */
  #frame: { opcode: Opcode; isFinal: boolean; payload: Uint8Array } | undefined;
  #isOpened = false;
  #isPaused = false;
  /** Messages that came after `close` while paused, and their bytes. */
  #dropped: { count: number; bytes: number } | undefined;
  /** Whether `send` has returned false since `drain` was called. */
  #owesDrain = false;

  /** @param hasViews whether handlers are given views of the receive buffer; otherwise what they may keep */
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
   * Sends a message: a string as text, anything else as binary; an iterable as the fragments of one
   * message. What is given may be changed afterwards. The first message of a turn leaves at once; those
   * that follow in the same turn, and all that are sent while messages are being delivered, leave
   * together, 16 KiB at a time.
   *
   * An array or a Set is looked through in the call. The pieces of any other iterable are taken one by
   * one, as there is room for them; a piece is copied when it is taken. What is sent later waits for its
   * end. A message that cannot be sent to its end, since its source throws or gives what is no data,
   * fails the connection with `WS_SEND`, and so does a Blob that cannot be read: the `error` handler is
   * told.
   *
   * @returns false when more is buffered than `sendHighWaterMark`: wait for `drain`. Also when the
   *   connection is not open, or when its peer reads too slowly (`maxBufferedAmount` of a server, which
   *   terminates it): nothing is sent then, and `stats().messagesRefused` counts it
   * @throws TypeError for data of another kind, and for the option `signal`, which is the async client's;
   *   nothing is sent then
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
      // The connection has failed, which its handlers are told.
      return this.#refuse();
    }
    this.poll?.begin();
    return this.#hasRoom();
  }

  /**
   * Sends a ping; its pong updates `latency` and is told to the `pong` handler.
   *
   * @param data at most 125 bytes. Default a counter
   * @returns false if the connection is not open: nothing is sent then
   * @throws TypeError for data that is neither a string nor a buffer
   * @throws LocalProtocolError for more than 125 bytes (RFC 6455 §5.5)
   */
  ping(data?: Exclude<Data, Blob>): boolean {
    const payload = data === undefined ? undefined : controlPayload('ping', data);
    return this.#ifOpen(() => this.sendPing(payload));
  }

  /**
   * Sends a pong that nobody asked for (RFC 6455 §5.5.3); pings are answered by themselves. Returns and
   * throws as `ping`.
   */
  pong(data: Exclude<Data, Blob> = ''): boolean {
    const payload = controlPayload('pong', data);
    return this.#ifOpen(() => this.driver.pong(payload));
  }

  /**
   * Begins the closing handshake; `close` is called when it is done, or after `closeTimeout`. Messages
   * that the peer sent before its own close frame are still delivered. Nothing happens if the connection
   * is closing or closed already.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, LocalProtocolError for a code or reason that may not be sent
   */
  close(code = 1000, reason = ''): void {
    serializeClosePayload(nodeKernels(), code, reason);
    this.beginClose(() => this.driver.close(code, reason));
  }

  /** Runs `send` and lets everything that it sends leave in one batch. */
  cork(send: (ws: this) => void): void {
    if (typeof send !== 'function') {
      throw new TypeError(`cork: it takes a function, not ${describe(send)}`);
    }
    this.driver.cork(() => send(this));
  }

  /**
   * Stops delivery at once: until `resume` no handler tells of what comes, only `drain`, `error` and
   * `close` are called. Nothing is read meanwhile. After `close()` it is, so that the peer's close frame is
   * seen; messages that come before it are dropped then, and `error` tells how many (`WS_MESSAGES_DROPPED`).
   */
  pause(): void {
    this.#isPaused = true;
    // The peer's close frame is to be seen once ours is on its way.
    if (this.isOpen) this.driver.pause();
  }

  /** Delivers what waits, and goes on. */
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
    this.poll?.end();
    if (this.#isPaused || this.#dropped !== undefined) {
      this.#drop(end - start);
      return;
    }
    if (this.#handlers.message === undefined) return;
    const hasViews = this.#hasViews;
    const data = hasViews
      ? view(bytes, start, end)
      : keepMessage(bytes, start, end, isText, isOwn, true);
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
    this.poll?.end();
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
   * Is told what a handler threw, or what its promise was rejected with. It is the program's own fault and
   * must not go unseen: it surfaces as an uncaught exception.
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
      // Only what the caller has done wrong is the caller's to hear of.
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
      // A connection that failed while its first pieces were written has told its handlers.
      if (error instanceof ConnectionClosedError) return this.#refuse();
      throw error;
    }
    sent?.catch((error: unknown) => {
      // What ends with the connection is told by its end.
      if (this.session.isOpen) this.driver.fail(sendFailure(error));
    });
    return this.#hasRoom();
  }

  /** Tells whether more may be sent; if not, `drain` tells when. */
  #hasRoom(): boolean {
    const hasRoom = this.driver.hasRoom();
    if (!hasRoom) this.#owesDrain = true;
    return hasRoom;
  }

  #toPayload(bytes: Uint8Array, start: number, end: number): Uint8Array {
    return this.#hasViews ? view(bytes, start, end) : copyPooled(bytes, start, end);
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

  /** A handler has returned something: if that is a promise, its rejection is a fault as an exception is. */
  #watch(name: HandlerName, result: unknown): void {
    if (typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return;
    Promise.resolve(result).catch((error: unknown) => this.#handleFault(name, error));
    if (!this.#hasViews || !GIVEN_VIEWS.has(name)) return;
    throw new TypeError(
      `the handler '${name}' returned a promise, but its data is a view that is valid until it returns; copy what it needs before the first await and return nothing, or ask for data to keep with views: false`,
    );
  }

  /** A handler failed: the connection's state must not be left half done by it. */
  #handleFault(handler: HandlerName, cause: unknown): void {
    this.driver.fail(new WebSocketError('WS_HANDLER', 'a handler threw an exception', { cause }));
    this.reportFault(handler, cause);
  }
}

/** A send that returns at once has nobody to tell that it was aborted. */
function refuseSignal(options: SendOptions): void {
  if (options.signal === undefined) return;
  throw new TypeError(
    "send: option 'signal' is for connections of `wirespeed`; here close() or terminate() ends what is being sent",
  );
}

function sendFailure(cause: unknown): WebSocketError {
  return new WebSocketError('WS_SEND', 'a message could not be sent', { cause });
}
