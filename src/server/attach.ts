/**
 * A server on the port of an HTTP server: by its event `upgrade`, or request by request.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { isPromise, isUint8Array } from 'node:util/types';
import type { Connection } from '../connection/connection.ts';
import type { OpeningWaiter } from '../connection/driven-connection.ts';
import type { EventConnection } from '../connection/event-connection.ts';
import {
  type AcceptOptions,
  describe,
  type PathFilter,
  resolveAcceptOptions,
} from '../options/options.ts';
import { nextTick } from '../transport/clock.ts';
import { plainAddress } from '../transport/socket.ts';
import type { AcceptedConnection } from './accepted-connection.ts';
import { Acceptor, type AcceptorOptions } from './acceptor.ts';
import type { HttpServerLike } from './http-server.ts';
import { isOnPath, withPath } from './path-filter.ts';
import { urlOf } from './place.ts';
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
import type { ServerConnection } from './server-connection.ts';
import { type Endpoint, endpointsOf } from './shared-upgrades.ts';

/** Options of `upgrade` without its handlers. */
export interface UpgradeBaseOptions<T> extends AcceptOptions, DecisionOptions<T> {}

/** Options of `attach` without its handlers. */
export interface AttachBaseOptions<T> extends UpgradeBaseOptions<T> {
  /**
   * Which upgrades are this server's: those to a path, such as `/chat`, or those whose path matches a RegExp or is
   * approved of by a function. Others are left to whoever else listens; if nobody does, they are refused with 404.
   * Default all.
   */
  path?: PathFilter | undefined;
}

/** Options of `attach`. */
export interface AttachOptions<T> extends AttachBaseOptions<T>, WithHandlers<T> {}
/** Options of `attach` with handlers that are given views of the receive buffer: nothing is copied. */
export interface AttachViewsOptions<T> extends AttachBaseOptions<T>, WithViews<T> {}
/** Options of `attach` with a function that serves each connection. */
export interface AttachConnectionOptions<T> extends AttachBaseOptions<T>, WithConnection<T> {}
/** Options of `upgrade`. */
export interface UpgradeOptions<T> extends UpgradeBaseOptions<T>, WithHandlers<T> {}
/** Options of `upgrade` with handlers that are given views of the receive buffer: nothing is copied. */
export interface UpgradeViewsOptions<T> extends UpgradeBaseOptions<T>, WithViews<T> {}
/** Options of `upgrade` with a function that serves each connection. */
export interface UpgradeConnectionOptions<T> extends UpgradeBaseOptions<T>, WithConnection<T> {}

type AnyAttachOptions<T> = AttachOptions<T> | AttachViewsOptions<T> | AttachConnectionOptions<T>;
type AnyUpgradeOptions<T> =
  | UpgradeOptions<T>
  | UpgradeViewsOptions<T>
  | UpgradeConnectionOptions<T>;

/** The options of TLS that a server of `node:https` keeps as its properties. */
const CONTEXT_OPTIONS: readonly (keyof TlsOptions)[] = [
  ...(['ca', 'cert', 'key', 'passphrase', 'pfx', 'crl'] as const),
  ...(['ciphers', 'dhparam', 'ecdhCurve', 'honorCipherOrder', 'sigalgs'] as const),
  ...(['maxVersion', 'minVersion', 'secureOptions', 'sessionIdContext'] as const),
];

/** An HTTP server as the place of a server that is attached to it. */
class AttachedPlace implements ServerPlace {
  readonly answersWhileDraining = true;
  readonly #http: HttpServerLike;
  readonly #path: PathFilter | undefined;
  readonly #leave: () => void;

  constructor(http: HttpServerLike, path: PathFilter | undefined, leave: () => void) {
    this.#http = http;
    this.#path = path;
    this.#leave = leave;
  }

  get port(): number {
    const address = this.#http.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  get host(): string {
    const address = this.#http.address();
    return typeof address === 'string' ? address : (address?.address ?? '');
  }

  get url(): string {
    const { port, host } = this;
    const isSecure = 'setSecureContext' in this.#http;
    if (port > 0) return withPath(urlOf(host, port, isSecure), this.#path);
    const unix = `${isSecure ? 'wss' : 'ws'}+unix:${host}:/`;
    return host === '' ? '' : withPath(unix, this.#path);
  }

  async stop(): Promise<void> {
    this.#leave();
  }

  destroyPending(): void {}

  end(): void {
    this.#http.close();
  }

  setTls(options: TlsOptions): void {
    const { setSecureContext } = this.#http as Partial<HttpsServer>;
    if (setSecureContext === undefined) {
      throw new TypeError('setTls: the HTTP server does not speak TLS');
    }
    // Node.js would forget what is not given again, such as the authorities and the versions of TLS.
    const kept = Object.fromEntries(
      CONTEXT_OPTIONS.map((name) => [name, (this.#http as TlsOptions)[name]]).filter(
        ([, value]) => value !== undefined,
      ),
    );
    Reflect.apply(setSecureContext, this.#http, [{ ...kept, ...options }]);
  }

  ref(): void {
    this.#http.ref();
  }

  unref(): void {
    this.#http.unref();
  }
}

/**
 * Attaches a server to an HTTP server, whose port it shares: of `node:http`, `node:https` or a framework. Several
 * servers and other listeners of `upgrade` may be attached to one HTTP server; each takes the requests to its path.
 *
 * `close` closes the connections and leaves the HTTP server alone, which goes on serving requests. `server.close()` of
 * the HTTP server waits for connections that are open.
 *
 * @param server the HTTP server, listening or not: what `http.createServer` or `app.listen` returned
 * @throws TypeError, RangeError for wrong options, and for what is no HTTP server
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { attach } from 'wirespeed/server';
 *
 * const http = createServer((request, response) => response.end('hello'));
 * attach(http, { path: '/echo', handlers: { message: (ws, data) => void ws.send(data) } });
 * http.listen(9001);
 * ```
 */
export function attach<T = unknown>(
  server: HttpServerLike,
  options: AttachViewsOptions<T>,
): Server<T>;
export function attach<T = unknown>(
  server: HttpServerLike,
  options: AttachConnectionOptions<T>,
): Server<T, AcceptedConnection<T>>;
export function attach<T = unknown>(server: HttpServerLike, options: AttachOptions<T>): Server<T>;
export function attach<T>(
  server: HttpServerLike,
  options: AnyAttachOptions<T>,
): Server<T, EventConnection<T> & AcceptedConnection<T>> {
  checkHttpServer(server);
  const { acceptor, path: filter } = createAcceptor('attach', options);
  const { faults } = acceptor;
  const endpoints = endpointsOf(server);
  const endpoint: Endpoint = {
    claims: (path) => isOnPath(filter, path),
    handleFault(error) {
      acceptor.tellRefused(undefined, 500, "the function 'path' failed");
      faults.report(error, { source: 'path' });
    },
    take(request, socket, head) {
      acceptor.url ||= place.url;
      try {
        take(acceptor, request, socket, head);
      } catch (error) {
        // A stream of the user's own has thrown; nobody else would hear of it.
        faults.report(error, { source: 'accept' });
      }
    },
  };
  const place = new AttachedPlace(server, filter, () => endpoints.delete(endpoint));
  endpoints.add(endpoint);
  return new PlacedServer<T>(acceptor, place);
}

/** The acceptors of `upgrade` by the options that they were made of: one object is one server. */
const acceptors = new WeakMap<object, Acceptor<unknown>>();

/**
 * Upgrades one request that an HTTP server has handed over, for programs that listen to `upgrade` themselves. Calls
 * with the same options object share its limits and counts.
 *
 * @param head the first bytes behind the request, as the event `upgrade` gives them
 * @returns the connection once it is open; `undefined` if the request was refused or its client has gone. The answer was
 *   sent then
 * @throws TypeError, RangeError for wrong arguments; the request is not answered then
 * @example
 * ```ts
 * import { upgrade } from 'wirespeed/server';
 *
 * const options = { handlers: { message: (ws, data) => void ws.send(data) } };
 * http.on('upgrade', (request, socket, head) => {
 *   if (request.url === '/echo') upgrade(request, socket, head, options);
 * });
 * ```
 */
export function upgrade<T = unknown>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeViewsOptions<T>,
): Promise<EventConnection<T> | undefined>;
export function upgrade<T = unknown>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeConnectionOptions<T>,
): Promise<AcceptedConnection<T> | undefined>;
export function upgrade<T = unknown>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeOptions<T>,
): Promise<EventConnection<T> | undefined>;
export async function upgrade<T>(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: AnyUpgradeOptions<T>,
): Promise<EventConnection<T> | Connection | undefined> {
  checkUpgrade(request, socket, head);
  const acceptor = acceptorFor(options);
  return new Promise((resolve) => {
    let connection: ServerConnection<T> | undefined;
    connection = take(acceptor, request, socket, head, {
      phase: 'upgrade',
      // The handler `open` may be under way: the caller goes on after it.
      opened: () => nextTick(() => resolve(connection as unknown as EventConnection<T>)),
      failed: () => resolve(undefined),
    });
    if (connection === undefined) resolve(undefined);
  });
}

/** Hands a request to an acceptor, unless its client has gone already. */
function take<T>(
  acceptor: Acceptor<T>,
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  opening?: OpeningWaiter,
): ServerConnection<T> | undefined {
  if (socket.destroyed) return undefined;
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  if (acceptor.url === '') acceptor.url = localUrl(socket);
  const received = { method, target: url, httpVersion, rawHeaders };
  return acceptor.take(socket, received, head, opening);
}

/** Makes the URL of the address at our end of a socket. */
function localUrl(socket: Duplex): string {
  const { localAddress, localPort } = socket as Partial<Socket>;
  if (localAddress === undefined || localPort === undefined) return '';
  return urlOf(plainAddress(localAddress), localPort, 'encrypted' in socket);
}

function checkHttpServer(server: unknown): void {
  const { prependListener, listenerCount, address } = (server ?? {}) as Partial<HttpServer>;
  if ([prependListener, listenerCount, address].every((method) => typeof method === 'function'))
    return;
  if (isPromise(server)) {
    throw new TypeError('attach: it takes an HTTP server, not a promise of one; await it first');
  }
  const inner = (server as { server?: unknown } | null | undefined)?.server;
  const hint =
    typeof server === 'function'
      ? '; an application of express or koa is none: give http.createServer(app), or what app.listen() returns'
      : typeof (inner as Partial<HttpServer> | undefined)?.on === 'function'
        ? "; its property 'server' is one"
        : '';
  throw new TypeError(
    `attach: it takes a server of node:http or node:https, not ${describe(server)}${hint}`,
  );
}

function checkUpgrade(request: unknown, socket: unknown, head: unknown): void {
  const { method, rawHeaders } = (request ?? {}) as Partial<IncomingMessage>;
  if (typeof method !== 'string' || !Array.isArray(rawHeaders)) {
    throw new TypeError(
      `upgrade: the request must be one of node:http, not ${describe(request)}; frameworks often keep it as 'req', 'raw' or 'node.req'`,
    );
  }
  const { on, write, pause } = (socket ?? {}) as Partial<Duplex>;
  if (![on, write, pause].every((part) => typeof part === 'function')) {
    throw new TypeError(
      `upgrade: the socket must be a duplex stream, as the event 'upgrade' gives it, not ${describe(socket)}`,
    );
  }
  if (!isUint8Array(head)) {
    throw new TypeError(`upgrade: the head must be a Buffer, not ${describe(head)}`);
  }
}

function acceptorFor<T>(options: AnyUpgradeOptions<T>): Acceptor<T> {
  const known = acceptors.get(options);
  if (known !== undefined) return known as Acceptor<T>;
  const { acceptor } = createAcceptor('upgrade', options);
  acceptors.set(options, acceptor as Acceptor<unknown>);
  return acceptor;
}

/** Checks the options, and makes an acceptor and the filter of its paths. */
function createAcceptor<T>(
  caller: 'attach' | 'upgrade',
  options: AnyAttachOptions<T> | AnyUpgradeOptions<T>,
): { acceptor: Acceptor<T>; path: PathFilter | undefined } {
  checkServeOptions(caller, options);
  const resolved = resolveAcceptOptions(caller, options, SERVE_OPTION_NAMES);
  return { acceptor: new Acceptor(options as AcceptorOptions<T>, resolved), path: resolved.path };
}
