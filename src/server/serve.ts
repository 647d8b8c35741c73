/**
 * A server with a port of its own.
 */
import cluster from 'node:cluster';
import type { EventConnection } from '../connection/event-connection.ts';
import {
  type ListenOptions,
  type ResolvedListenOptions,
  resolveListenOptions,
} from '../options/options.ts';
import type { PageAnswer } from '../protocol/opening/server.ts';
import type { AcceptedConnection } from './accepted-connection.ts';
import { Acceptor, type AcceptorOptions } from './acceptor.ts';
import { createListener, type Listener } from './listener.ts';
import { pathOf, withPath } from './path-filter.ts';
import { listenAt } from './place.ts';
import { PlacedServer, type ServerPlace } from './placed-server.ts';
import {
  checkServeOptions,
  type DecisionOptions,
  SERVE_OPTION_NAMES,
  type WithConnection,
  type WithHandlers,
  type WithViews,
} from './serve-options.ts';
import type { Server } from './server.ts';

/** Options of `serve` without its handlers. */
export interface ServeBaseOptions<T> extends ListenOptions, DecisionOptions<T> {}

/** Options of `serve`. */
export interface ServeOptions<T> extends ServeBaseOptions<T>, WithHandlers<T> {}

/** Options of `serve` with handlers that are given views of the receive buffer: nothing is copied. */
export interface ServeViewsOptions<T> extends ServeBaseOptions<T>, WithViews<T> {}

/** Options of `serve` with a function that serves each connection. */
export interface ServeConnectionOptions<T> extends ServeBaseOptions<T>, WithConnection<T> {}

/** The listener of a server as its place. */
class ListeningPlace implements ServerPlace {
  port = 0;
  host = '';
  url = '';
  readonly answersWhileDraining: boolean;
  readonly #listener: Listener;
  #stopped: Promise<void> | undefined;

  constructor(listener: Listener, { reusePort }: ResolvedListenOptions) {
    this.#listener = listener;
    // Other processes listen on the port: connections are for them from now on.
    this.answersWhileDraining = !(cluster.isWorker || reusePort);
  }

  stop(): Promise<void> {
    const { server } = this.#listener;
    this.#stopped ??= new Promise((resolve) => server.close(() => resolve()));
    return this.#stopped;
  }

  destroyPending(): void {
    for (const socket of this.#listener.rawSockets) socket.destroy();
  }

  end(): void {}

  setTls(options: object): void {
    const { setTls } = this.#listener;
    if (setTls === undefined) {
      throw new TypeError("setTls: the server does not speak TLS; give serve the option 'tls'");
    }
    setTls(options);
  }

  ref(): void {
    this.#listener.server.ref();
  }

  unref(): void {
    this.#listener.server.unref();
  }
}

/** Answers health checks. */
function healthPage<T>(path: string, acceptor: Acceptor<T>): PageAnswer {
  return ({ target }) => {
    if (pathOf(target) !== path) return undefined;
    const headers = [['Cache-Control', 'no-store']] as const;
    return acceptor.state === 'open'
      ? { status: 200, headers, body: 'ok\n' }
      : { status: 503, headers, body: `${acceptor.state}\n` };
  };
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
export function serve<T = unknown>(options: ServeViewsOptions<T>): Promise<Server<T>>;
export function serve<T = unknown>(
  options: ServeConnectionOptions<T>,
): Promise<Server<T, AcceptedConnection<T>>>;
export function serve<T = unknown>(options: ServeOptions<T>): Promise<Server<T>>;
export async function serve<T>(
  options: ServeOptions<T> | ServeViewsOptions<T> | ServeConnectionOptions<T>,
): Promise<Server<T, EventConnection<T> & AcceptedConnection<T>>> {
  checkServeOptions('serve', options);
  const resolved = resolveListenOptions(options, SERVE_OPTION_NAMES);
  const acceptor = new Acceptor<T>(options as AcceptorOptions<T>, resolved);
  const { faults } = acceptor;
  if (resolved.health !== undefined) acceptor.page = healthPage(resolved.health, acceptor);
  const listener = createListener(
    resolved,
    (socket) => acceptor.accept(socket),
    (error) => faults.report(error, { source: 'tls' }),
  );
  const place = new ListeningPlace(listener, resolved);
  const { url, ...at } = await listenAt(listener.server, resolved);
  Object.assign(place, at, { url: withPath(url, resolved.path) });
  acceptor.url = place.url;
  // A later error is a failure to accept one client: the process has too many open files, for example.
  listener.server.on('error', (error) => faults.report(error, { source: 'accept' }));
  return new PlacedServer<T>(acceptor, place);
}
