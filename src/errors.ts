/**
 * The errors of this library.
 *
 * ```
 * WebSocketError
 * ├─ ConnectError                 no connection came about
 * │  ├─ InvalidUrlError           the URL is not one of a WebSocket
 * │  ├─ ProxyError                the proxy refused or failed
 * │  └─ HandshakeError            the opening handshake failed
 * │     ├─ HandshakeStatusError   the server answered with another status than 101
 * │     ├─ InvalidHeaderError     a handshake header is missing or wrong
 * │     └─ NegotiationError       the server chose a subprotocol or an extension that was not offered
 * ├─ ProtocolError
 * │  ├─ LocalProtocolError        the caller broke a rule of the protocol
 * │  └─ RemoteProtocolError       the peer broke a rule of the protocol
 * ├─ MessageTooBigError           a message above `maxMessageSize` or `maxFragments`
 * ├─ ConnectionClosedError        the connection is closed, or closes during the call
 * ├─ TransportError               the socket failed
 * ├─ TimeoutError                 a time limit passed
 * └─ ConcurrencyError             two `recv` at once
 * ```
 *
 * A wrong argument is a `TypeError` or a `RangeError`, as everywhere in Node.js. An aborted call rejects with the reason
 * of its signal.
 *
 * Each class has its name as text, since a minifier changes the name of the class itself.
 */
import { headersWithoutSecrets, INSPECT, known } from './inspection.ts';

/** Base of every error of this library; `code` is stable and starts with `WS_`. */
export class WebSocketError extends Error {
  /** @internal */
  static override readonly name: string = 'WebSocketError';
  /** A stable identifier, such as `WS_CONNECT_FAILED`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The name of the class. A program may set another one. @internal */
  override get name(): string {
    return this.constructor.name;
  }

  /** @internal */
  override set name(value: string) {
    Object.defineProperty(this, 'name', { value, configurable: true, writable: true });
  }

  /** Makes an error to show, with stack, cause and the facts that are known. @internal */
  [INSPECT](): Error {
    const copy: Error = Object.setPrototypeOf(new Error(this.message), Object.getPrototypeOf(this));
    // Without this method the copy is shown as it is.
    const hidden: object = { stack: this.stack, [INSPECT]: undefined };
    if ('cause' in this) Object.assign(hidden, { cause: this.cause });
    for (const key of Reflect.ownKeys(hidden)) {
      const value: unknown = Reflect.get(hidden, key);
      Object.defineProperty(copy, key, { value, writable: true });
    }
    return Object.assign(copy, known(this.facts()));
  }

  /** @internal */
  protected facts(): object {
    return { ...this };
  }
}

/** The phases of connecting, in order. */
export type ConnectPhase = 'url' | 'dns' | 'tcp' | 'proxy' | 'tls' | 'upgrade';

/** The facts of a failed attempt to connect. */
export interface ConnectErrorOptions extends ErrorOptions {
  /** The phase that failed. */
  phase: ConnectPhase;
  /** The URL without credentials. */
  url?: string | undefined;
  /** The address tried, as `host:port`; several if the name has several addresses. */
  address?: string | undefined;
}

/** No connection came about. The message has the URL, the address tried, the reason, and what to do. */
export class ConnectError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'ConnectError';
  readonly phase: ConnectPhase;
  readonly url: string | undefined;
  readonly address: string | undefined;

  constructor(message: string, options: ConnectErrorOptions, code = 'WS_CONNECT_FAILED') {
    super(code, message, options);
    this.phase = options.phase;
    this.url = options.url;
    this.address = options.address;
  }
}

/** The URL is not one of a WebSocket (RFC 6455 §3). */
export class InvalidUrlError extends ConnectError {
  /** @internal */
  static override readonly name: string = 'InvalidUrlError';
  constructor(message: string, options: ErrorOptions & { url?: string | undefined } = {}) {
    super(message, { ...options, phase: 'url' }, 'WS_INVALID_URL');
  }
}

/** The proxy refused or failed. */
export class ProxyError extends ConnectError {
  /** @internal */
  static override readonly name: string = 'ProxyError';
  constructor(message: string, options: Omit<ConnectErrorOptions, 'phase'> = {}) {
    super(message, { ...options, phase: 'proxy' }, 'WS_PROXY_FAILED');
  }
}

/** The facts of a failed opening handshake. */
export type HandshakeErrorOptions = Omit<ConnectErrorOptions, 'phase'>;

/** The opening handshake failed (RFC 6455 §4). */
export class HandshakeError extends ConnectError {
  /** @internal */
  static override readonly name: string = 'HandshakeError';
  constructor(message: string, options: HandshakeErrorOptions = {}, code = 'WS_HANDSHAKE_FAILED') {
    super(message, { ...options, phase: 'upgrade' }, code);
  }
}

/** The answer of a server that refused the upgrade. */
export interface HandshakeRefusal {
  status: number;
  statusText: string;
  /** Names in lower case; a repeated header's values are joined with `, `. */
  headers: ReadonlyMap<string, string>;
  /** At most the first 64 KiB. */
  body: Uint8Array;
}

/** The server answered the upgrade with another status than 101. */
export class HandshakeStatusError extends HandshakeError {
  /** @internal */
  static override readonly name: string = 'HandshakeStatusError';
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; a repeated header's values are joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** The response's body, at most its first 64 KiB. */
  readonly body: Uint8Array;

  constructor(message: string, refusal: HandshakeRefusal, options: HandshakeErrorOptions = {}) {
    super(message, options, 'WS_HANDSHAKE_STATUS');
    this.status = refusal.status;
    this.statusText = refusal.statusText;
    this.headers = refusal.headers;
    this.body = refusal.body;
  }

  /** @internal */
  protected override facts(): object {
    return {
      ...super.facts(),
      headers: headersWithoutSecrets(this.headers),
      body: excerpt(this.body),
    };
  }
}

/** The most characters of a body that are shown. */
const MAX_SHOWN = 200;

function excerpt(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… (${body.length} bytes)`;
}

/** A handshake header is missing or wrong; `header` names it. */
export class InvalidHeaderError extends HandshakeError {
  /** @internal */
  static override readonly name: string = 'InvalidHeaderError';
  /** The header's name, in lower case. */
  readonly header: string;

  constructor(header: string, message: string, options: HandshakeErrorOptions = {}) {
    super(message, options, 'WS_INVALID_HEADER');
    this.header = header;
  }
}

/** The server chose a subprotocol or an extension that was not offered. */
export class NegotiationError extends HandshakeError {
  /** @internal */
  static override readonly name: string = 'NegotiationError';
  constructor(message: string, options: HandshakeErrorOptions = {}) {
    super(message, options, 'WS_NEGOTIATION_FAILED');
  }
}

/** The caller or the peer broke a rule of the protocol. */
export class ProtocolError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'ProtocolError';
}

/** The caller broke a rule of the protocol; nothing was sent. */
export class LocalProtocolError extends ProtocolError {
  /** @internal */
  static override readonly name: string = 'LocalProtocolError';
  constructor(message: string, options?: ErrorOptions) {
    super('WS_LOCAL_PROTOCOL', message, options);
  }
}

/** The peer broke a rule of the protocol; the connection was failed with `closeCode`. */
export class RemoteProtocolError extends ProtocolError {
  /** @internal */
  static override readonly name: string = 'RemoteProtocolError';
  /** The close code that was sent to the peer. */
  readonly closeCode: number;

  constructor(message: string, closeCode: number, options?: ErrorOptions) {
    super('WS_REMOTE_PROTOCOL', message, options);
    this.closeCode = closeCode;
  }
}

/** A message went above `maxMessageSize` or `maxFragments`; the connection was failed with 1009. */
export class MessageTooBigError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'MessageTooBigError';
  /** The limit that was passed, in bytes or in fragments; the error's message says which. */
  readonly limit: number;
  /** The close code that was sent to the peer. */
  readonly closeCode = 1009;

  constructor(message: string, limit: number, options?: ErrorOptions) {
    super('WS_MESSAGE_TOO_BIG', message, options);
    this.limit = limit;
  }
}

/** The code and the reason of a close frame; 1005 stands for a frame that had no code. */
export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/** How a connection ended. */
export interface CloseFacts {
  /** The close code received; 1005 if the close frame had none, 1006 if there was no close frame. */
  readonly closeCode: number;
  /** The reason received, or the empty string. */
  readonly reason: string;
  /** Whether close frames went both ways. */
  readonly wasClean: boolean;
  /** The close frame sent, if one was. */
  readonly sent: CloseStatus | undefined;
  /** The close frame received, if one was. */
  readonly received: CloseStatus | undefined;
}

/** The connection is closed, or closed during the call. If it failed, `cause` says why. */
export class ConnectionClosedError extends WebSocketError implements CloseFacts {
  /** @internal */
  static override readonly name: string = 'ConnectionClosedError';
  readonly closeCode: number;
  readonly reason: string;
  readonly wasClean: boolean;
  readonly sent: CloseStatus | undefined;
  readonly received: CloseStatus | undefined;

  constructor(message: string, facts: CloseFacts, options?: ErrorOptions) {
    super('WS_CONNECTION_CLOSED', message, options);
    this.closeCode = facts.closeCode;
    this.reason = facts.reason;
    this.wasClean = facts.wasClean;
    this.sent = facts.sent;
    this.received = facts.received;
  }
}

/** The socket failed; `cause` is the system's error. */
export class TransportError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'TransportError';
  constructor(message: string, options?: ErrorOptions) {
    super('WS_TRANSPORT', message, options);
  }
}

/** A time limit of `timeout` milliseconds passed; `operation` says what took too long. */
export class TimeoutError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'TimeoutError';
  /** `connect`, `recv`, `send`, `ping`, `close` or `keepalive`. */
  readonly operation: string;
  /** The limit, in milliseconds. */
  readonly timeout: number;

  constructor(operation: string, timeout: number, message?: string, options?: ErrorOptions) {
    super('WS_TIMEOUT', message ?? `${operation} timed out after ${timeout} ms`, options);
    this.operation = operation;
    this.timeout = timeout;
  }
}

/** A call was made while another one was under way that excludes it, such as a second `recv`. */
export class ConcurrencyError extends WebSocketError {
  /** @internal */
  static override readonly name: string = 'ConcurrencyError';
  constructor(message: string, options?: ErrorOptions) {
    super('WS_CONCURRENCY', message, options);
  }
}
