/**
 * A server with its place, which differs, and its connections: what `serve` and `attach` have in common.
 */
import type { TlsOptions } from 'node:tls';
import type { EventConnection } from '../connection/event-connection.ts';
import { INSPECT, shown } from '../inspection.ts';
import { nodeKernels } from '../kernels/node.ts';
import { CloseCode, serializeClosePayload } from '../protocol/close-code.ts';
import type { AcceptedConnection } from './accepted-connection.ts';
import type { Acceptor } from './acceptor.ts';
import { drainConnections, type ResolvedDrain, resolveDrain } from './drain.ts';
import { metricsText } from './metrics.ts';
import type { DrainOptions, DrainReport, Server, ServerState, ServerStats } from './server.ts';
import { serverStats } from './server-stats.ts';

/** What differs between servers. */
export interface ServerPlace {
  readonly port: number;
  readonly host: string;
  readonly url: string;
  /** Stops taking connections; fulfilled when that is done. */
  stop(): Promise<void>;
  /** Destroys the sockets that are no connections yet: `stop` would wait for them. */
  destroyPending(): void;
  /** Whether requests can still be answered while the server drains, so that a health check sees it. */
  readonly answersWhileDraining: boolean;
  /** Gives up what is not the server's own: an HTTP server stops listening, since the process is to end. */
  end(): void;
  setTls(options: TlsOptions): void;
  ref(): void;
  unref(): void;
}

/** A server with its place and its connections. */
export class PlacedServer<T> implements Server<T, EventConnection<T> & AcceptedConnection<T>> {
  readonly #acceptor: Acceptor<T>;
  readonly #place: ServerPlace;
  #closed: Promise<void> | undefined;
  #drained: Promise<DrainReport> | undefined;

  constructor(acceptor: Acceptor<T>, place: ServerPlace) {
    this.#acceptor = acceptor;
    this.#place = place;
  }

  get port(): number {
    return this.#place.port;
  }

  get host(): string {
    return this.#place.host;
  }

  get url(): string {
    return this.#place.url;
  }

  get state(): ServerState {
    return this.#acceptor.state;
  }

  get connections(): ReadonlySet<EventConnection<T> & AcceptedConnection<T>> {
    return this.#acceptor.connections as unknown as ReadonlySet<
      EventConnection<T> & AcceptedConnection<T>
    >;
  }

  async close(code: number = CloseCode.goingAway, reason = ''): Promise<void> {
    serializeClosePayload(nodeKernels(), code, reason);
    this.#closed ??= this.#close(code, reason);
    await this.#closed;
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    const resolved = resolveDrain(options);
    this.#drained ??= this.#drain(resolved);
    return this.#drained;
  }

  stats(): ServerStats {
    return serverStats(this.#acceptor);
  }

  metrics(): string {
    return metricsText(this.#acceptor);
  }

  setTls(options: TlsOptions): void {
    if (options === null || typeof options !== 'object') {
      throw new TypeError('setTls: options must be an object, as for tls.createSecureContext');
    }
    this.#place.setTls(options);
  }

  /** Ends what keeps the process alive beside the connections. @internal */
  endPlace(): void {
    this.#place.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  [INSPECT](): object {
    const { url, host, port, state, connections } = this;
    return shown('Server', { url, host, port, state, connections: connections.size });
  }

  ref(): this {
    this.#place.ref();
    return this;
  }

  unref(): this {
    this.#place.unref();
    return this;
  }

  async #close(code: number, reason: string): Promise<void> {
    const ended = this.#acceptor.close(code, reason);
    const stopped = this.#place.stop();
    await ended;
    this.#place.destroyPending();
    await stopped;
  }

  async #drain(options: ResolvedDrain): Promise<DrainReport> {
    this.#acceptor.stopAccepting();
    if (!this.#place.answersWhileDraining) void this.#place.stop();
    const report = await drainConnections(this.#acceptor, options);
    await this.close(options.code);
    return report;
  }
}
