/**
 * The WebSocket class of the WHATWG's standard (https://websockets.spec.whatwg.org/), over the events client.
 */
import { Blob, Buffer } from 'node:buffer';
import { URL } from 'node:url';
import { isAnyArrayBuffer } from 'node:util/types';
import { connectClient } from '../client/connect-client.ts';
import { EventConnection } from '../connection/event-connection.ts';
import type { Message } from '../connection/message.ts';
import { WHOLE_MESSAGES } from '../dial/client-session.ts';
import { parseTarget } from '../dial/target.ts';
import { withoutSecrets } from '../inspection.ts';
import { type ConnectOptions, resolveConnectOptions, subprotocols } from '../options/options.ts';
import { MAX_REASON_LENGTH } from '../protocol/close-code.ts';
import { nextTick, setImmediate } from '../transport/clock.ts';
import {
  CloseEvent,
  type EventHandler,
  HandlerAttributes,
  type MessageEvent,
  messageEvent,
  syntaxError,
} from './events.ts';

/** The second argument of the constructor, where it is more than subprotocols: they, and options of `connect`. */
export interface WebSocketInit extends Omit<ConnectOptions, 'protocols'> {
  /** Subprotocols offered, best first. Default none. */
  protocols?: string | readonly string[] | undefined;
}

/** How binary messages are given to listeners. */
export type BinaryType = 'arraybuffer' | 'blob';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** Members of the class that users do not see. */
const INTERNAL: readonly string[] = ['constructor', 'endTurn', 'runTask'];
const DONE: Promise<void> = Promise.resolve();

/** The connection underneath. The standard's `close()` sends a close frame without a code. */
class StandardConnection extends EventConnection<undefined> {
  closeWith(code: number | undefined, reason: string): void {
    this.beginClose(() => this.driver.close(code, reason));
  }

  get wasClean(): boolean {
    return this.session.wasClean;
  }
}

/**
 * The browser's WebSocket. Every event is dispatched by itself: between two of them all promises that wait go on.
 *
 * @example
 * ```ts
 * import { WebSocket } from 'wirespeed/websocket';
 *
 * const ws = new WebSocket('wss://example.com/feed', { headers: { Authorization: 'Bearer …' } });
 * ws.onmessage = ({ data }) => console.log(data);
 * ```
 */
export class WebSocket extends EventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  static {
    beLikeAnInterface(WebSocket);
  }

  readonly #url: string;
  readonly #origin: string;
  readonly #handlers: HandlerAttributes;
  readonly #connection: StandardConnection;
  #readyState: 0 | 1 | 2 | 3 = CONNECTING;
  #binaryType: BinaryType = 'blob';
  /** Events to be dispatched, in order. */
  readonly #tasks: (() => void)[] = [];
  /** Why the connection failed. */
  #error: unknown;
  #isScheduled = false;
  /** Bytes that were given to `send` and may not have left. */
  #waiting = 0;
  /** Whether `send` was called in this turn: nothing counts as sent before the turn has ended. */
  #isInTurn = false;
  /** Bytes that were given to `send` and will never leave. */
  #unsent = 0;

  /**
   * Begins to connect.
   *
   * @param url `ws:`, `wss:`, `http:` or `https:`, without a fragment
   * @param protocols subprotocols offered, or an object with them and options of `connect`
   * @throws DOMException `SyntaxError` for a wrong URL, and for wrong or repeated subprotocols
   * @throws TypeError, RangeError for wrong options
   */
  constructor(url: string | URL, protocols: string | readonly string[] | WebSocketInit = []) {
    super();
    if (arguments.length === 0) throw new TypeError('WebSocket: a URL is required');
    const parsed = parseUrl(String(url));
    const init = initOf(protocols);
    const options = resolveConnectOptions({ transferable: true, ...init });
    this.#url = parsed.href;
    this.#origin = parsed.origin;
    this.#handlers = new HandlerAttributes(this);
    const target = parseTarget(parsed);
    this.#connection = new StandardConnection(
      target.url,
      {
        open: () => this.#queue(() => this.#handleOpen()),
        message: (_: unknown, data: Message) => this.#queue(() => this.#handleMessage(data)),
        close: (ws, code, reason) => {
          const { wasClean } = ws as StandardConnection;
          this.#queue(() => this.#handleClose(wasClean, code, reason));
        },
        error: (_, error) => {
          this.#error = error;
        },
      },
      options,
      false,
    );
    this.#connection.usePolling(options.busyPoll);
    connectClient(this.#connection, target, options, WHOLE_MESSAGES).catch((error: unknown) => {
      this.#error = error;
      this.#queue(() => this.#handleClose(false, 1006, ''));
    });
  }

  get url(): string {
    return this.#url;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#readyState;
  }

  /** The bytes that were given to `send` and have not been handed to the system. It is never reset by closing. */
  get bufferedAmount(): number {
    return this.#countWaiting() + this.#unsent;
  }

  get extensions(): string {
    return this.#readyState === CONNECTING ? '' : this.#connection.extensions;
  }

  get protocol(): string {
    return this.#readyState === CONNECTING ? '' : this.#connection.protocol;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(value: BinaryType) {
    // The standard ignores what is no value of the enumeration.
    if (value === 'blob' || value === 'arraybuffer') this.#binaryType = value;
  }

  get onopen(): EventHandler<Event> {
    return this.#handlers.get('open');
  }

  set onopen(handler: EventHandler<Event>) {
    this.#handlers.set('open', handler);
  }

  get onmessage(): EventHandler<MessageEvent> {
    return this.#handlers.get('message');
  }

  set onmessage(handler: EventHandler<MessageEvent>) {
    this.#handlers.set('message', handler);
  }

  get onerror(): EventHandler<Event> {
    return this.#handlers.get('error');
  }

  set onerror(handler: EventHandler<Event>) {
    this.#handlers.set('error', handler);
  }

  get onclose(): EventHandler<CloseEvent> {
    return this.#handlers.get('close');
  }

  set onclose(handler: EventHandler<CloseEvent>) {
    this.#handlers.set('close', handler);
  }

  /**
   * Sends a message: bytes and Blobs as binary, everything else as text.
   *
   * @throws DOMException `InvalidStateError` before the connection is open
   */
  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (arguments.length === 0) throw new TypeError('send: data is required');
    if (this.#readyState === CONNECTING) {
      throw new DOMException('send: the connection is not open yet', 'InvalidStateError');
    }
    const ready = toSend(data);
    const size = sizeOf(ready);
    if (this.#readyState !== OPEN) {
      this.#unsent += size;
      return;
    }
    this.#countWaiting();
    this.#waiting += size;
    if (!this.#isInTurn) {
      this.#isInTurn = true;
      setImmediate(endTurn, this);
    }
    this.#connection.send(ready);
  }

  /** @internal */
  endTurn(): void {
    this.#isInTurn = false;
  }

  /** Counts the bytes that have not left. What waits on the connection has headers of frames in it as well. */
  #countWaiting(): number {
    if (!this.#isInTurn) this.#waiting = Math.min(this.#waiting, this.#connection.bufferedAmount);
    return this.#waiting;
  }

  /**
   * Begins the closing handshake, or gives up connecting.
   *
   * @param code 1000, or 3000 to 4999. Default none
   * @param reason at most 123 bytes of UTF-8
   * @throws DOMException `InvalidAccessError` for another code, `SyntaxError` for a longer reason
   */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const status = code === undefined ? undefined : clampedShort(code);
    if (status !== undefined && status !== 1000 && (status < 3000 || status > 4999)) {
      throw new DOMException(
        `close: the code must be 1000 or from 3000 to 4999, not ${status}`,
        'InvalidAccessError',
      );
    }
    const text = reason === undefined ? '' : wellFormed(String(reason));
    if (Buffer.byteLength(text) > MAX_REASON_LENGTH) {
      throw syntaxError(
        `close: the reason must not have more than ${MAX_REASON_LENGTH} bytes of UTF-8`,
      );
    }
    if (this.#readyState === CONNECTING) {
      this.#readyState = CLOSING;
      this.#connection.terminate();
    } else if (this.#readyState === OPEN) {
      this.#readyState = CLOSING;
      this.#connection.closeWith(status ?? (text === '' ? undefined : 1000), text);
    }
  }

  #handleOpen(): void {
    if (this.#readyState !== CONNECTING) return;
    this.#readyState = OPEN;
    this.dispatchEvent(new Event('open'));
  }

  #handleMessage(message: Message): void {
    if (this.#readyState !== OPEN) return;
    this.dispatchEvent(messageEvent(this.#dataOf(message), this.#origin));
  }

  #handleClose(wasClean: boolean, code: number, reason: string): void {
    if (this.#readyState === CLOSED) return;
    this.#unsent = this.bufferedAmount;
    this.#waiting = 0;
    this.#readyState = CLOSED;
    if (!wasClean && (this.#error !== undefined || code === 1006)) {
      const event = new Event('error');
      // Beyond the standard: without the reason nobody could find out what is wrong.
      Object.defineProperty(event, 'error', { value: this.#error, configurable: true });
      this.dispatchEvent(event);
    }
    this.dispatchEvent(new CloseEvent('close', { wasClean, code, reason }));
  }

  #dataOf(message: Message): string | ArrayBuffer | Blob {
    if (typeof message === 'string') return message;
    if (this.#binaryType === 'blob') return new Blob([message]);
    const { buffer, byteOffset, byteLength } = message;
    if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
    return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  }

  /** Dispatches an event after those that wait, each when all promises that can go on have done so. */
  #queue(task: () => void): void {
    this.#tasks.push(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // A tick that is set by a promise runs after all other promises.
    void DONE.then(() => nextTick(runTask, this));
  }

  /** @internal */
  runTask(): void {
    this.#isScheduled = false;
    const task = this.#tasks.shift();
    if (this.#tasks.length > 0) this.#schedule();
    task?.();
  }
}

/** Gives a class the constants of the standard, and makes its members enumerable, as those of Web IDL are. */
function beLikeAnInterface(type: { readonly prototype: object }): void {
  for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
    for (const object of [type, type.prototype]) {
      Object.defineProperty(object, name, { value, enumerable: true });
    }
  }
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    if (INTERNAL.includes(name)) continue;
    Object.defineProperty(type.prototype, name, { enumerable: true });
  }
  const value = 'WebSocket';
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value, configurable: true });
}

function runTask(ws: WebSocket): void {
  ws.runTask();
}

function endTurn(ws: WebSocket): void {
  ws.endTurn();
}

/** Parses the URL as the standard says: a fragment is wrong. */
function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw syntaxError(`WebSocket: '${withoutSecrets(text)}' is not a URL`);
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw syntaxError(`WebSocket: the URL's scheme must be ws or wss, not '${url.protocol}'`);
  }
  if (url.href.includes('#')) throw syntaxError('WebSocket: the URL must not have a fragment');
  return url;
}

/** Tells subprotocols from options, and checks the subprotocols. */
function initOf(given: unknown): WebSocketInit {
  const isList = typeof given === 'object' && given !== null && Symbol.iterator in given;
  const isInit = typeof given === 'object' && given !== null && !isList;
  const init: WebSocketInit = isInit ? (given as WebSocketInit) : {};
  const offered: unknown = isInit ? (init.protocols ?? []) : given;
  const protocols =
    typeof offered === 'object' && offered !== null && Symbol.iterator in offered
      ? Array.from(offered as Iterable<unknown>, String)
      : [String(offered)];
  try {
    subprotocols('WebSocket: protocols', protocols);
  } catch (error) {
    throw syntaxError((error as Error).message);
  }
  return { ...init, protocols };
}

/** Converts what is sent: anything but bytes and Blobs is text, without lone surrogates. */
function toSend(data: unknown): string | ArrayBuffer | ArrayBufferView | Blob {
  if (data instanceof Blob || ArrayBuffer.isView(data)) return data;
  if (isAnyArrayBuffer(data)) return data as ArrayBuffer;
  return wellFormed(String(data));
}

function sizeOf(data: string | ArrayBuffer | ArrayBufferView | Blob): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return data instanceof Blob ? data.size : data.byteLength;
}

/** Puts a replacement character in the place of each lone surrogate (Web IDL, USVString). */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}

/** Converts a number as Web IDL's `[Clamp] unsigned short`: clamped, and rounded to the nearest even integer. */
function clampedShort(value: unknown): number {
  const number = Math.min(65_535, Math.max(0, Number(value)));
  if (Number.isNaN(number)) return 0;
  const floor = Math.floor(number);
  const rest = number - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
