/**
 * Shares the event `upgrade` of an HTTP server among the servers that are attached to it, and with others that listen
 * to it: every listener is called for every request.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { nodeKernels } from '../kernels/node.ts';
import { MAX_LINGER } from '../protocol/deadlines.ts';
import { serializeRefusal } from '../protocol/opening/server.ts';
import { clearTimeout, setTimeout } from '../transport/clock.ts';
import type { HttpServerLike } from './http-server.ts';
import { pathOf } from './path-filter.ts';

/** An attached server, as its HTTP server's requests see it. */
export interface Endpoint {
  /** Tells whether the requests to a path are this server's; may throw. */
  claims(path: string): boolean;
  /** Is told what `claims` threw. */
  handleFault(error: unknown): void;
  take(request: IncomingMessage, socket: Duplex, head: Uint8Array): void;
}

/** The attached servers of one HTTP server. It listens to `upgrade` while there are any. */
class Endpoints {
  readonly #http: HttpServerLike;
  readonly #endpoints = new Set<Endpoint>();
  readonly #handle = (request: IncomingMessage, socket: Duplex, head: Uint8Array): void =>
    this.#dispatch(request, socket, head);

  constructor(http: HttpServerLike) {
    this.#http = http;
  }

  add(endpoint: Endpoint): void {
    // Before the others: a listener of `once` takes itself off when it is called, and would not be counted.
    if (this.#endpoints.size === 0) this.#http.prependListener('upgrade', this.#handle);
    this.#endpoints.add(endpoint);
  }

  delete(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint);
    if (this.#endpoints.size === 0) this.#http.off('upgrade', this.#handle);
  }

  #dispatch(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const path = pathOf(request.url ?? '/');
    const isAlone = this.#http.listenerCount('upgrade') === 1;
    // Another protocol may be somebody else's business, on any path.
    const isOurs = isAlone || /\bwebsocket\b/i.test(request.headers.upgrade ?? '');
    for (const endpoint of isOurs ? this.#endpoints : []) {
      try {
        if (!endpoint.claims(path)) continue;
      } catch (error) {
        refuse(socket, 500, '');
        endpoint.handleFault(error);
        return;
      }
      endpoint.take(request, socket, head);
      return;
    }
    if (isAlone) refuse(socket, 404, 'there is no WebSocket at this path\n');
    // The HTTP server has given the socket away: from now on a reset would end the process.
    else socket.on('error', ignore);
  }
}

const known = new WeakMap<HttpServerLike, Endpoints>();

/** Returns the attached servers of an HTTP server. */
export function endpointsOf(http: HttpServerLike): Endpoints {
  let endpoints = known.get(http);
  if (endpoints === undefined) {
    endpoints = new Endpoints(http);
    known.set(http, endpoints);
  }
  return endpoints;
}

/** Answers a request that no server takes, and ends its socket. */
function refuse(socket: Duplex, status: number, body: string): void {
  socket.on('error', ignore);
  socket.end(serializeRefusal({ status, body: body === '' ? undefined : body }, nodeKernels()));
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), MAX_LINGER);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function ignore(): void {}
