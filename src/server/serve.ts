/**
 * The server: accepts sockets, lets the request hook decide, and hands connections to handlers.
 */
import type { AddressInfo, Socket } from 'node:net';
import type { DrivenOptions } from '../connection/driven-connection.ts';
import {
  EventConnection,
  type HandlerName,
  type Handlers,
} from '../connection/event-connection.ts';
import { checkHandlers } from '../connection/handlers.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT, shown, shownConnection } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  describe,
  type ListenOptions,
  type ResolvedListenOptions,
  resolveListenOptions,
} from '../options/options.ts';
import { CloseCode, serializeClosePayload } from '../protocol/close-code.ts';
import type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
import { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import { sha1Base64 } from '../transport/crypto.ts';
import { type SessionLimits, sessionLimits } from '../transport/session-limits.ts';
import { adoptSocket } from './adopt-socket.ts';
import { type FaultContext, Faults } from './faults.ts';
import { createListener, type Listener, urlOf } from './listener.ts';
import { checkDecision, type RequestDecision } from './request-decision.ts';
import { SocketRequest } from './socket-request.ts';

/** Options of `serve`, but for its handlers. */
export interface ServeBaseOptions<T> extends ListenOptions {
  /**
   * Decides on a request to upgrade, at once or later: nothing accepts it, `{ status }` refuses
   * it, `{ protocol, headers, data }` accepts it with more. A hook that throws, or answers what cannot be
   * done, refuses with 500, and `error` is told.
   */
  request?:
    | ((request: UpgradeRequest) => RequestDecision<T> | Promise<RequestDecision<T>>)
    | undefined;
  /**
   * Is told what the request hook or a handler threw, or what its promise was rejected with. Default: a
   * warning of the process for the hook, once; an uncaught exception for a handler.
   */
  error?: ((error: unknown, context: FaultContext<T>) => void) | undefined;
}

/** Options of `serve`. */
export interface ServeOptions<T> extends ServeBaseOptions<T> {
  /** Whether handlers are given views of the receive buffer. Default `false`: they get what they may keep. */
  views?: false | undefined;
  /** What is called as things happen on a connection: text is a string, binary is bytes of its own. */
  handlers: Handlers<T, Message>;
}

/** Options of `serve` with handlers that are given views of the receive buffer, valid until they return: no copy is made. */
export interface ServeViewsOptions<T> extends ServeBaseOptions<T> {
  /** Whether handlers are given views of the receive buffer. */
  views: true;
  /** What is called as things happen on a connection. */
  handlers: Handlers<T>;
}

/** A server that is listening. */
export interface Server<T = unknown> extends AsyncDisposable {
  /** The port listened on. */
  readonly port: number;
  /** The address listened on: that of the options, or `::` (without IPv6 `0.0.0.0`), which is every one. */
  readonly host: string;
  /**
   * A URL that the server can be reached by from this machine, such as `ws://localhost:9001/`: its
   * host is that of the options, or `localhost` where that is every address.
   */
  readonly url: string;
  /** The connections that are open now; one that is closing is not among them. */
  readonly connections: ReadonlySet<EventConnection<T>>;
  /**
   * Stops listening and closes every open connection; fulfilled when all are closed, after
   * `closeTimeout` at the latest. Rejected, and nothing is done, for a code or a reason that may not be sent.
   *
   * @param code default 1001
   */
  close(code?: number, reason?: string): Promise<void>;
  /** Keeps the process alive while the server listens, as it does by default. */
  ref(): this;
  /** Lets the process exit although the server listens. */
  unref(): this;
}

const NOTHING_TO_DO = (): void => {};

/** The connection of a server: an event connection whose opening the server answers. */
class ServerConnection<T> extends EventConnection<T> {
  readonly #server: ListeningServer<T>;
  /** Whether it counts against the limit of connections. */
  isAdmitted = false;

  constructor(
    server: ListeningServer<T>,
    handlers: Handlers<T> | Handlers<T, Message>,
    options: DrivenOptions,
    hasViews: boolean,
  ) {
    super(server.url, handlers, options, hasViews);
    this.#server = server;
  }

  /** @internal */
  override [INSPECT](): object {
    const { address, port } = this.remoteAddress ?? {};
    return shownConnection('EventConnection', this, { remoteAddress: address, remotePort: port });
  }

  /** @internal */
  onRequest(head: RequestHead): void {
    const request = new SocketRequest(head, this.driver.socket as Socket);
    this.request = request;
    this.#server.decide(this, request);
  }

  /** @internal */
  override onOpen(): void {
    this.#server.opened(this);
    super.onOpen();
  }

  /** @internal */
  override onClosing(): void {
    this.#server.closing(this);
  }

  /** @internal */
  override onClosed(): void {
    super.onClosed();
    this.#server.ended(this);
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

class ListeningServer<T> implements Server<T> {
  // Where it listens, once it does. Every connection keeps the URL, so there is one string.
  port = 0;
  host = '';
  url = '';
  readonly connections = new Set<EventConnection<T>>();
  readonly faults: Faults<T>;
  readonly #options: ServeOptions<T> | ServeViewsOptions<T>;
  readonly #resolved: ResolvedListenOptions;
  readonly #limits: SessionLimits;
  readonly #listener: Listener;
  /** Connections that are not open, not yet or no more, and have not ended. */
  readonly #others = new Set<ServerConnection<T>>();
  /** How many connections count against the limit: open ones, and those being decided on. */
  #admitted = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;
  #allEnded: () => void = NOTHING_TO_DO;

  constructor(options: ServeOptions<T> | ServeViewsOptions<T>) {
    this.#options = options;
    this.faults = new Faults(options.error);
    this.#resolved = resolveListenOptions(options, ['handlers', 'request', 'error', 'views']);
    this.#limits = sessionLimits(this.#resolved, this.#resolved.handshakeTimeout);
    this.#listener = createListener(
      this.#resolved,
      (socket) => this.#accept(socket),
      (error) => this.faults.report(error, { source: 'tls' }),
    );
  }

  listen(): Promise<void> {
    const { port, host, backlog, tls } = this.#resolved;
    const { server } = this.#listener;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, backlog }, () => {
        server.off('error', reject);
        const address = server.address() as AddressInfo;
        this.port = address.port;
        this.host = host ?? address.address;
        this.url = urlOf(host, address.port, tls !== undefined);
        // Later ones are failures to accept one client, such as too many open files.
        server.on('error', (error) => this.faults.report(error, { source: 'accept' }));
        resolve();
      });
    });
  }

  async close(code: number = CloseCode.goingAway, reason = ''): Promise<void> {
    serializeClosePayload(nodeKernels(), code, reason);
    this.#closed ??= this.#close(code, reason);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  [INSPECT](): object {
    const { url, host, port, connections } = this;
    return shown('Server', { url, host, port, connections: connections.size });
  }

  ref(): this {
    this.#listener.server.ref();
    return this;
  }

  unref(): this {
    this.#listener.server.unref();
    return this;
  }

  /** A client asks to upgrade. */
  decide(connection: ServerConnection<T>, request: UpgradeRequest): void {
    const { origins, maxConnections } = this.#resolved;
    const { driver } = connection;
    if (this.#isClosing || this.#admitted >= maxConnections) {
      driver.refuse({ status: 503, body: 'too many connections\n' });
      return;
    }
    if (
      origins !== undefined &&
      (request.origin === undefined || !origins.includes(request.origin))
    ) {
      driver.refuse({ status: 403, body: 'this origin is not allowed\n' });
      return;
    }
    connection.isAdmitted = true;
    this.#admitted++;
    const { request: hook } = this.#options;
    try {
      const decision = hook?.(request);
      if (!isPromise(decision)) {
        this.#answer(connection, request, decision);
        return;
      }
      // Nothing more is read from a client that waits for its answer.
      driver.pause();
      Promise.resolve(decision)
        .then((decided) => this.#answerLate(connection, request, decided))
        .catch((error: unknown) => this.#refuseAfterFault(connection, error));
    } catch (error) {
      this.#refuseAfterFault(connection, error);
    }
  }

  opened(connection: ServerConnection<T>): void {
    this.#others.delete(connection);
    this.connections.add(connection);
  }

  /** The connection is open no more: nobody is to be shown it. */
  closing(connection: ServerConnection<T>): void {
    this.connections.delete(connection);
    this.#others.add(connection);
  }

  ended(connection: ServerConnection<T>): void {
    this.#dismiss(connection);
    this.#others.delete(connection);
    if (this.#isEmpty()) this.#allEnded();
  }

  #accept(socket: Socket): void {
    const resolved = this.#resolved;
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    const { handlers, views = false } = this.#options;
    const connection = new ServerConnection<T>(this, handlers, resolved, views);
    const { driver } = connection;
    this.#others.add(connection);
    driver.begin((output, sink) =>
      Session.server(
        {
          kernels: nodeKernels(),
          output,
          sink,
          limits: this.#limits,
          autoPong: resolved.autoPong,
          deliversFrames: handlers.frame !== undefined,
          handsOver: !views,
          sha1: sha1Base64,
          compression: connection.compression,
        },
        now(),
      ),
    );
    driver.attach(socket);
    driver.handleConnect();
    adoptSocket(socket, driver);
  }

  #dismiss(connection: ServerConnection<T>): void {
    if (connection.isAdmitted) this.#admitted--;
    connection.isAdmitted = false;
  }

  #answerLate(
    connection: ServerConnection<T>,
    request: UpgradeRequest,
    decision: RequestDecision<T>,
  ): void {
    // The client may have gone in the meantime.
    if (connection.state === 'connecting') this.#answer(connection, request, decision);
  }

  #answer(
    connection: ServerConnection<T>,
    request: UpgradeRequest,
    decision: RequestDecision<T>,
  ): void {
    const checked = checkDecision(decision, request, this.#resolved.protocols);
    if (checked.refusal !== undefined) {
      this.#dismiss(connection);
      connection.driver.refuse(checked.refusal);
      return;
    }
    if (checked.data !== undefined) connection.data = checked.data;
    connection.driver.accept(checked.protocol, checked.headers);
  }

  /** The hook threw, or answered what cannot be done: the client is told, and whoever watches the server. */
  #refuseAfterFault(connection: ServerConnection<T>, error: unknown): void {
    const { request, state, driver } = connection;
    this.#dismiss(connection);
    if (state === 'connecting') driver.refuse({ status: 500 });
    this.faults.report(error, { source: 'request', request });
  }

  #isEmpty(): boolean {
    return this.connections.size === 0 && this.#others.size === 0;
  }

  #close(code: number, reason: string): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.connections) connection.close(code, reason);
    for (const connection of this.#others) {
      if (connection.state === 'connecting') connection.terminate();
    }
    const stopped = new Promise<void>((resolve) => this.#listener.server.close(() => resolve()));
    const ended = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
      if (this.#isEmpty()) resolve();
    });
    return ended.then(() => {
      for (const socket of this.#listener.rawSockets) socket.destroy();
      return stopped;
    });
  }
}

function isPromise<V>(value: V | Promise<V>): value is Promise<V> {
  return typeof (value as Promise<V> | undefined)?.then === 'function';
}

/**
 * Starts a server.
 *
 * @throws TypeError, RangeError for wrong options
 * @throws the system's error if it cannot listen there, such as `EADDRINUSE`
 * @example
 * ```ts
 * import { serve } from 'wirespeed/server';
 *
 * const server = await serve({
 *   port: 9001,
 *   handlers: {
 *     message(ws, data) {
 *       ws.send(data);
 *     },
 *   },
 * });
 * console.log(`listening on ${server.url}`);
 * ```
 */
export function serve<T = unknown>(options: ServeOptions<T>): Promise<Server<T>>;
export function serve<T = unknown>(options: ServeViewsOptions<T>): Promise<Server<T>>;
export async function serve<T>(
  options: ServeOptions<T> | ServeViewsOptions<T>,
): Promise<Server<T>> {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`serve: options must be an object with handlers, not ${describe(options)}`);
  }
  checkHandlers('serve', options.handlers);
  const { request, error, views } = options;
  if (request !== undefined && typeof request !== 'function') {
    throw new TypeError("serve: option 'request' must be a function");
  }
  if (error !== undefined && typeof error !== 'function') {
    throw new TypeError("serve: option 'error' must be a function");
  }
  if (views !== undefined && typeof views !== 'boolean') {
    throw new TypeError("serve: option 'views' must be true or false");
  }
  const server = new ListeningServer<T>(options);
  await server.listen();
  return server;
}
