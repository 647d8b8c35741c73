/**
 * The server as users see it: its options, its calls, and where it listens.
 */
import type { AddressInfo } from 'node:net';
import type { EventConnection, Handlers } from '../connection/event-connection.ts';
import { checkHandlers } from '../connection/handlers.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT, shown } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import {
  describe,
  type ListenOptions,
  type ResolvedListenOptions,
  resolveListenOptions,
} from '../options/options.ts';
import { CloseCode, serializeClosePayload } from '../protocol/close-code.ts';
import { Acceptor } from './acceptor.ts';
import { type FaultContext, Faults } from './faults.ts';
import { createListener, type Listener, urlOf } from './listener.ts';
import type { RequestDecision } from './request-decision.ts';

/** Options of `serve` without its handlers. */
export interface ServeBaseOptions<T> extends ListenOptions {
  /**
   * Decides on a request to upgrade, at once or later: `undefined` accepts it, `{ status }` refuses it, and
   * `{ protocol, headers, data }` accepts it with these. If the hook throws, or its answer cannot be carried out, the
   * request is refused with 500 and `error` is called.
   */
  request?:
    | ((request: UpgradeRequest) => RequestDecision<T> | Promise<RequestDecision<T>>)
    | undefined;
  /**
   * Is called with what the request hook or a handler threw, or with what its promise was rejected with. Default: a
   * warning of the process for the hook, once, and an uncaught exception for a handler.
   */
  error?: ((error: unknown, context: FaultContext<T>) => void) | undefined;
}

/** Options of `serve`. */
export interface ServeOptions<T> extends ServeBaseOptions<T> {
  /** Whether handlers are given views of the receive buffer. Default `false`: they are given data to keep. */
  views?: false | undefined;
  /** The handlers of each connection. Text is a string, binary is bytes of its own. */
  handlers: Handlers<T, Message>;
}

/** Options of `serve` with handlers that are given views of the receive buffer: nothing is copied. */
export interface ServeViewsOptions<T> extends ServeBaseOptions<T> {
  /** Whether handlers are given views of the receive buffer, valid until they return. */
  views: true;
  /** The handlers of each connection. */
  handlers: Handlers<T>;
}

/** A server that is listening. */
export interface Server<T = unknown> extends AsyncDisposable {
  /** The port that the server listens on. */
  readonly port: number;
  /** The address that the server listens on: that of the options, or `::` (without IPv6 `0.0.0.0`) for all. */
  readonly host: string;
  /**
   * A URL that reaches the server from this machine, such as `ws://localhost:9001/`. Its host is that of the options,
   * or `localhost` if the server listens on all addresses.
   */
  readonly url: string;
  /** The open connections, without those that are closing. */
  readonly connections: ReadonlySet<EventConnection<T>>;
  /**
   * Stops listening and closes every open connection. Resolves when all are closed, after `closeTimeout` at the
   * latest. Rejects, and does nothing, for a code or a reason that may not be sent.
   *
   * @param code default 1001
   */
  close(code?: number, reason?: string): Promise<void>;
  /** Keeps the process alive while the server listens, as it does by default. */
  ref(): this;
  /** Lets the process exit although the server listens. */
  unref(): this;
}

/** A server with its listener and its connections. */
class ListeningServer<T> implements Server<T> {
  port = 0;
  host = '';
  readonly #faults: Faults<T>;
  readonly #resolved: ResolvedListenOptions;
  readonly #acceptor: Acceptor<T>;
  readonly #listener: Listener;
  #closed: Promise<void> | undefined;

  constructor(options: ServeOptions<T> | ServeViewsOptions<T>) {
    this.#faults = new Faults(options.error);
    this.#resolved = resolveListenOptions(options, ['handlers', 'request', 'error', 'views']);
    this.#acceptor = new Acceptor(options, this.#resolved, this.#faults);
    this.#listener = createListener(
      this.#resolved,
      (socket) => this.#acceptor.accept(socket),
      (error) => this.#faults.report(error, { source: 'tls' }),
    );
  }

  get url(): string {
    return this.#acceptor.url;
  }

  get connections(): ReadonlySet<EventConnection<T>> {
    return this.#acceptor.connections;
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
        this.#acceptor.url = urlOf(host, address.port, tls !== undefined);
        // A later error is a failure to accept one client: the process has too many open files, for example.
        server.on('error', (error) => this.#faults.report(error, { source: 'accept' }));
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

  async #close(code: number, reason: string): Promise<void> {
    const ended = this.#acceptor.close(code, reason);
    const stopped = new Promise<void>((resolve) => this.#listener.server.close(() => resolve()));
    await ended;
    for (const socket of this.#listener.rawSockets) socket.destroy();
    await stopped;
  }
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
