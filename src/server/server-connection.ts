/**
 * The connections of a server: an event connection or one with promises, whose request its acceptor answers.
 */
import { AsyncConnection, type AsyncOptions } from '../connection/async-connection.ts';
import type { Connection } from '../connection/connection.ts';
import type { DrivenConnection, DrivenOptions } from '../connection/driven-connection.ts';
import {
  EventConnection,
  type HandlerName,
  type Handlers,
} from '../connection/event-connection.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { TimeoutError, WebSocketError } from '../errors.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
import type { OwnSocket, SocketAddress } from '../transport/socket.ts';
import type { AcceptedConnection, ConnectionFunction } from './accepted-connection.ts';
import type { TrustedProxies } from './client-address.ts';
import type { Faults } from './faults.ts';
import { MessageRate } from './message-rate.ts';
import { proxiedAddress } from './proxied-addresses.ts';
import { SocketRequest } from './socket-request.ts';

/** The part of a server that its connections know. */
export interface ConnectionServer<T> {
  /** The server's URL, which is the URL of its connections. */
  readonly url: string;
  readonly faults: Faults<T>;
  readonly proxies: TrustedProxies;
  /** Answers a request to upgrade, at once or later. */
  decide(connection: ServerConnection<T>, request: UpgradeRequest): void;
  /** A request was refused by the core: it was wrong, or was not decided on in time. */
  refused(connection: ServerConnection<T>, status: number, reason: string): void;
  opened(connection: ServerConnection<T>): void;
  /** Tells those who trace connections of this one, after its own handlers. */
  announce(connection: ServerConnection<T>): void;
  /** The connection is no longer open: it closes, or has failed. */
  closing(connection: ServerConnection<T>): void;
  closed(connection: ServerConnection<T>): void;
  /** A message or a ping has come that is more than the connection may send. */
  overrun(connection: ServerConnection<T>): void;
}

/** What an acceptor keeps of a connection. */
export interface Admission {
  /** How the connection is counted among those of its address; `undefined` if it is not counted. */
  network: string | undefined;
  /** Whether its request was refused, or asked for no upgrade. */
  isRefused: boolean;
  /** Whether it is open, closing, or being decided on: a server that drains waits for it. */
  isBusy: boolean;
  /** When the connection was opened, in milliseconds; 0 before that. */
  openedAt: number;
}

/** A connection that a server has accepted, of either kind. */
export interface ServerConnection<T> extends DrivenConnection {
  readonly admission: Admission;
  request: UpgradeRequest | undefined;
  data: T;
  close(code?: number, reason?: string): unknown;
}

function newAdmission(): Admission {
  return { network: undefined, isRefused: false, isBusy: false, openedAt: 0 };
}

/** A connection of a server with handlers. */
export class ServerEventConnection<T> extends EventConnection<T> implements ServerConnection<T> {
  readonly admission: Admission = newAdmission();
  readonly #server: ConnectionServer<T>;

  constructor(
    server: ConnectionServer<T>,
    handlers: Handlers<T> | Handlers<T, Message>,
    options: DrivenOptions,
    hasViews: boolean,
  ) {
    super(server.url, handlers, options, hasViews);
    this.#server = server;
  }

  override get remoteAddress(): SocketAddress | undefined {
    return remoteAddressOf(this, super.remoteAddress);
  }

  /** @internal */
  override [INSPECT](): object {
    return shownServerConnection('EventConnection', this);
  }

  /** @internal */
  onRequest(head: RequestHead): void {
    receiveRequest(this, this.#server, head);
  }

  /** @internal */
  onRefused(status: number, reason: string, isOfUpgrade: boolean): void {
    noteRefusal(this, this.#server, status, reason, isOfUpgrade);
  }

  /** @internal */
  override onOpen(): void {
    this.#server.opened(this);
    super.onOpen();
    this.#server.announce(this);
  }

  /** @internal */
  override onClosing(): void {
    this.#server.closing(this);
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    this.#server.closed(this);
  }

  /** @internal */
  protected override reportFault(handler: HandlerName, error: unknown): void {
    this.#server.faults.report(error, {
      source: handler,
      connection: this,
      request: this.request,
    });
  }
}

/** A connection of a server with handlers, which may send only so many messages per second. */
export class LimitedEventConnection<T> extends ServerEventConnection<T> {
  readonly #rate: MessageRate;

  constructor(
    server: ConnectionServer<T>,
    handlers: Handlers<T> | Handlers<T, Message>,
    options: DrivenOptions,
    hasViews: boolean,
    messagesPerSecond: number,
  ) {
    super(server, handlers, options, hasViews);
    this.#rate = new MessageRate(messagesPerSecond, () => server.overrun(this));
  }

  /** @internal */
  override onMessage(
    bytes: Uint8Array,
    start: number,
    end: number,
    isText: boolean,
    isOwn: boolean,
  ): void {
    if (this.#rate.allows()) super.onMessage(bytes, start, end, isText, isOwn);
  }

  /** @internal */
  override onFrame(
    isFinal: boolean,
    opcode: Opcode,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#rate.allows()) super.onFrame(isFinal, opcode, bytes, start, end);
  }

  /** @internal */
  override onPing(bytes: Uint8Array, start: number, end: number): void {
    if (this.#rate.allows()) super.onPing(bytes, start, end);
  }
}

/** A connection of a server with the function `connection`. */
export class ServerAsyncConnection<T>
  extends AsyncConnection
  implements ServerConnection<T>, AcceptedConnection<T>
{
  readonly admission: Admission = newAdmission();
  data: T = undefined as T;
  // It is there before the connection is open, which is when users see it.
  request!: UpgradeRequest;
  readonly #server: ConnectionServer<T>;
  readonly #serveConnection: ConnectionFunction<T>;
  readonly #rate: MessageRate | undefined;

  constructor(
    server: ConnectionServer<T>,
    serveConnection: ConnectionFunction<T>,
    options: AsyncOptions,
    messagesPerSecond: number,
  ) {
    super(server.url, options);
    this.#server = server;
    this.#serveConnection = serveConnection;
    if (messagesPerSecond !== Number.POSITIVE_INFINITY) {
      this.#rate = new MessageRate(messagesPerSecond, () => server.overrun(this));
    }
  }

  override get remoteAddress(): SocketAddress | undefined {
    return remoteAddressOf(this, super.remoteAddress);
  }

  /** @internal */
  override [INSPECT](): object {
    return shownServerConnection('Connection', this);
  }

  /** @internal */
  onRequest(head: RequestHead): void {
    receiveRequest(this, this.#server, head);
  }

  /** @internal */
  onRefused(status: number, reason: string, isOfUpgrade: boolean): void {
    noteRefusal(this, this.#server, status, reason, isOfUpgrade);
  }

  /** @internal */
  override onOpen(): void {
    this.#server.opened(this);
    super.onOpen();
    this.#server.announce(this);
    if (this.state === 'open') void this.#run();
  }

  /** @internal */
  override onMessage(
    bytes: Uint8Array,
    start: number,
    end: number,
    isText: boolean,
    isOwn: boolean,
  ): void {
    if (this.#rate?.allows() !== false) super.onMessage(bytes, start, end, isText, isOwn);
  }

  /** @internal */
  override onPing(bytes: Uint8Array, start: number, end: number): void {
    if (this.#rate?.allows() !== false) super.onPing(bytes, start, end);
  }

  /** @internal */
  override onClosing(): void {
    this.#server.closing(this);
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    this.#server.closed(this);
  }

  async #run(): Promise<void> {
    try {
      await this.#serveConnection(this, this.request);
      if (this.state === 'open') await this.close();
    } catch (error) {
      this.#handleFault(error);
    }
  }

  /** The function threw. That its client has gone, or says nothing, is no fault of the program. */
  #handleFault(cause: unknown): void {
    const hasEnded = this.state !== 'open';
    if (cause instanceof TimeoutError && !hasEnded) {
      void this.close(CloseCode.policyViolation, 'the client took too long');
      return;
    }
    // What the closing of the connection brings about: a closing handshake that is under way goes on.
    if (hasEnded && cause instanceof WebSocketError) return;
    const message = "the function 'connection' threw an exception";
    if (!hasEnded) this.driver.fail(new WebSocketError('WS_HANDLER', message, { cause }));
    this.#server.faults.report(cause, {
      source: 'connection',
      connection: this,
      request: this.request,
    });
  }
}

function receiveRequest<T>(
  connection: ServerConnection<T>,
  server: ConnectionServer<T>,
  head: RequestHead,
): void {
  const socket = connection.driver.socket as OwnSocket;
  const request = new SocketRequest(head, socket, server.proxies);
  connection.request = request;
  server.decide(connection, request);
}

/** The core has answered a request. What the acceptor refuses itself was noted before. */
function noteRefusal<T>(
  connection: ServerConnection<T>,
  server: ConnectionServer<T>,
  status: number,
  reason: string,
  isOfUpgrade: boolean,
): void {
  const { admission } = connection;
  if (admission.isRefused) return;
  admission.isRefused = true;
  // A page that was asked for is no refusal.
  if (isOfUpgrade) server.refused(connection, status, reason);
}

function remoteAddressOf<T>(
  { driver }: ServerConnection<T>,
  address: SocketAddress | undefined,
): SocketAddress | undefined {
  const proxied = driver.socket === undefined ? undefined : proxiedAddress(driver.socket);
  if (proxied === undefined) return address;
  return { address: proxied.remoteAddress, port: proxied.remotePort };
}

function shownServerConnection<T>(
  name: string,
  connection: ServerConnection<T> & Pick<Connection, 'bufferedAmount'>,
): object {
  const { address, port } = connection.remoteAddress ?? {};
  return shownConnection(name, connection, { remoteAddress: address, remotePort: port });
}
