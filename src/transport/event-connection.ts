/**
 * The connection of the events face and of the server: callbacks on the receive path, with views
 * of the receive buffer instead of copies.
 */
import { ConnectionClosedError, WebSocketError } from '../errors.ts';
import { nodeKernels } from '../kernels/node.ts';
import { type Data, describe, type SendOptions } from '../options.ts';
import { serializeClosePayload } from '../protocol/close-code.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { UpgradeRequest } from '../protocol/server-opening.ts';
import { copyOfData, dataError, isBlob, isSentAsText, type ReadyData, readyData } from './data.ts';
import { DrivenConnection, type DrivenOptions } from './driven-connection.ts';
import { poison } from './poison.ts';
import { view } from './receive-buffer.ts';

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
 * What happens on a connection. Every handler may be left out. An exception thrown by a handler
 * fails the connection with 1011 and surfaces as an uncaught exception of the process.
 */
export interface Handlers<T = unknown> {
  /** The connection is open. */
  open?(ws: EventConnection<T>): void;
  /**
   * A message came. `data` is a view of a buffer that is used again: it is valid until the handler
   * returns, and what is needed longer must be copied (`data.slice()`). Text is valid UTF-8. With the
   * environment variable `WIRESPEED_POISON_VIEWS=1` every view is overwritten when its handler has
   * returned: a program that keeps one is found out.
   */
  message?(ws: EventConnection<T>, data: Uint8Array, isText: boolean): void;
  /** A data frame came; given, it is called instead of `message`, frame by frame. */
  frame?(ws: EventConnection<T>, frame: Frame): void;
  /** All messages of one read have been delivered: a good time to act on them together. */
  batchEnd?(ws: EventConnection<T>): void;
  /** What `send` buffered has fallen to half of `sendHighWaterMark`, after it had returned false. */
  drain?(ws: EventConnection<T>): void;
  /** A ping came; it has been answered already, unless `autoPong` is off. `data` is a view. */
  ping?(ws: EventConnection<T>, data: Uint8Array): void;
  /** A pong came. `data` is a view. */
  pong?(ws: EventConnection<T>, data: Uint8Array): void;
  /** The connection is closed; called once, last. 1005: no code, 1006: no close frame. */
  close?(ws: EventConnection<T>, code: number, reason: string): void;
  /** The connection has failed; `close` follows. */
  error?(ws: EventConnection<T>, error: WebSocketError): void;
}

const HANDLER_NAMES: readonly string[] = [
  'open',
  'message',
  'frame',
  'batchEnd',
  'drain',
  'ping',
  'pong',
  'close',
  'error',
] satisfies (keyof Handlers)[];

/**
 * Checks handlers given by the caller.
 *
 * @throws TypeError for an unknown handler, or one that is not a function
 */
export function checkHandlers(caller: string, handlers: unknown): void {
  if (handlers === null || typeof handlers !== 'object') {
    throw new TypeError(`${caller}: handlers must be an object, not ${describe(handlers)}`);
  }
  for (const name of Object.keys(handlers)) {
    const handler = (handlers as Record<string, unknown>)[name];
    if (!HANDLER_NAMES.includes(name)) {
      throw new TypeError(
        `${caller}: unknown handler '${name}'; there are ${HANDLER_NAMES.join(', ')}`,
      );
    }
    if (handler !== undefined && typeof handler !== 'function') {
      throw new TypeError(
        `${caller}: handler '${name}' must be a function, not ${describe(handler)}`,
      );
    }
  }
}

/** A connection whose messages come to handlers. */
export class EventConnection<T = unknown> extends DrivenConnection {
  /** Yours to use; `undefined` at first, or what the server's request hook gave. */
  data: T = undefined as T;
  /** On a server: the request that was accepted. */
  request: UpgradeRequest | undefined;
  readonly #handlers: Handlers<T>;
  /** The one frame object that the `frame` handler is given, again and again. */
  #frame: { opcode: Opcode; isFinal: boolean; payload: Uint8Array } | undefined;
  #isOpened = false;

  constructor(url: string, handlers: Handlers<T>, options: DrivenOptions) {
    super(url, options);
    this.#handlers = handlers;
  }

  /**
   * Sends a message: a string as text, anything else as binary. What is given may be changed
   * afterwards. The messages of one handler call, or of one turn, leave together, 16 KiB at a time.
   *
   * @returns false when more is buffered than `sendHighWaterMark`: wait for `drain`. On a server, when
   *   it is more than `maxBufferedAmount`, nothing is sent and the connection is terminated
   * @throws TypeError for data of another kind
   * @throws ConnectionClosedError if the connection is not open
   */
  send(data: Data, options?: SendOptions): boolean {
    if (this.driver.isOverfull()) return false;
    const ready = readyData(data);
    if (ready === undefined || this.isSentLater(ready, options)) {
      return this.#sendLater(data, ready, options);
    }
    this.driver.sendMessage(ready, isSentAsText(ready, options), options?.compress);
    this.poll?.begin();
    return this.driver.hasRoom();
  }

  /**
   * Sends a ping; its pong updates `latency` and is told to the `pong` handler.
   *
   * @param data at most 125 bytes. Default a counter
   * @throws TypeError for data that is neither a string nor a buffer
   * @throws LocalProtocolError for more than 125 bytes (RFC 6455 §5.5)
   * @throws ConnectionClosedError if the connection is not open
   */
  ping(data?: Exclude<Data, Blob>): void {
    this.sendPing(data);
  }

  /**
   * Begins the closing handshake; `close` is called when it is done, or after `closeTimeout`.
   * Nothing happens if the connection is closing or closed already.
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
    this.driver.cork(() => send(this));
  }

  /** Stops delivery at once: no handler but `close` and `error` is called until `resume`. */
  pause(): void {
    this.driver.pause();
  }

  /** Delivers what waits, and goes on. */
  resume(): void {
    this.driver.resume();
  }

  /** @internal */
  override onOpen(): void {
    this.#isOpened = true;
    this.#call(() => this.#handlers.open?.(this));
    super.onOpen();
  }

  /** @internal */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    this.poll?.end();
    const data = view(bytes, start, end);
    try {
      this.#handlers.message?.(this, data, isText);
    } catch (error) {
      this.#handleException(error);
    }
    poison(data);
  }

  /** @internal */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void {
    this.poll?.end();
    const payload = view(bytes, start, end);
    this.#frame ??= { opcode, isFinal, payload };
    this.#frame.opcode = opcode;
    this.#frame.isFinal = isFinal;
    this.#frame.payload = payload;
    try {
      this.#handlers.frame?.(this, this.#frame);
    } catch (error) {
      this.#handleException(error);
    }
    poison(payload);
  }

  /** @internal */
  override onBatchEnd(): void {
    if (this.#handlers.batchEnd === undefined || !this.#isOpened) return;
    this.#call(() => this.#handlers.batchEnd?.(this));
  }

  /** @internal */
  onDrain(): void {
    this.#call(() => this.#handlers.drain?.(this));
  }

  /** @internal */
  override onPing(bytes: Uint8Array, start: number, end: number): void {
    const data = view(bytes, start, end);
    this.#call(() => this.#handlers.ping?.(this, data));
    poison(data);
  }

  /** @internal */
  override onPong(bytes: Uint8Array, start: number, end: number): void {
    super.onPong(bytes, start, end);
    const data = view(bytes, start, end);
    this.#call(() => this.#handlers.pong?.(this, data));
    poison(data);
  }

  /** @internal */
  override onFailure(error: WebSocketError): void {
    if (this.#isOpened) this.#call(() => this.#handlers.error?.(this, error));
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    if (!this.#isOpened) return;
    this.#call(() =>
      this.#handlers.close?.(this, this.closeCode as number, this.closeReason ?? ''),
    );
  }

  #sendLater(data: Data, ready: ReadyData | undefined, options: SendOptions | undefined): boolean {
    if (ready === undefined && !isBlob(data)) throw dataError('send', data);
    if (this.state !== 'open') throw this.session.closedError();
    const kept = ready === undefined ? undefined : copyOfData(ready);
    const size = kept === undefined ? (data as Blob).size : Buffer.byteLength(kept);
    const load = async () => kept ?? new Uint8Array(await (data as Blob).arrayBuffer());
    this.sendLater(load, size, options).catch((error: unknown) => {
      // What ends with the connection is told by its end.
      if (this.state === 'open') this.driver.fail(sendFailure(error));
    });
    return this.driver.hasRoom();
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#handleException(error);
    }
  }

  /**
   * A handler threw. That is the program's fault and must not go unseen, but the connection's state
   * must not be left half done by it either. Only one case is the peer's doing: the connection
   * closed before the handler sent.
   */
  #handleException(error: unknown): void {
    if (error instanceof ConnectionClosedError && this.state !== 'open') return;
    this.driver.fail(
      new WebSocketError('WS_HANDLER', 'a handler threw an exception', { cause: error }),
    );
    process.nextTick(() => {
      throw error;
    });
  }
}

function sendFailure(cause: unknown): WebSocketError {
  return new WebSocketError('WS_SEND', 'a message could not be sent', { cause });
}
