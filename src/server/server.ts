/**
 * The API of a server, however its connections come: what `serve` and `attach` return.
 */
import type { TlsOptions } from 'node:tls';
import type { EventConnection } from '../connection/event-connection.ts';

/** How a server drains. */
export interface DrainOptions {
  /**
   * Milliseconds over which the closing of connections is spread evenly, from now on. Default 1 for each connection, and
   * at most 10 000.
   */
  over?: number | undefined;
  /** Milliseconds by which the moment of each connection is put off at most, drawn at random. Default 0. */
  jitter?: number | undefined;
  /** The close code. Default 1012: the service restarts, and clients may come back. */
  code?: number | undefined;
  /**
   * Milliseconds from the call on after which connections that are not closed yet are terminated. Default `over`,
   * `jitter` and 10 000 more.
   */
  deadline?: number | undefined;
}

/** What became of the connections: `total` is the sum of `closed`, `left` and `terminated`. */
export interface DrainReport {
  /** Connections there were at the call of `drain`. */
  readonly total: number;
  /** Those that the server closed, with a closing handshake. */
  readonly closed: number;
  /** Those that ended before their moment came: their clients closed them, or they were lost. */
  readonly left: number;
  /** Those that did not answer the close frame in time. */
  readonly terminated: number;
  /** Requests to upgrade that were refused meanwhile. */
  readonly refused: number;
  /** Milliseconds that it took. */
  readonly duration: number;
}

/** How often each limit was reached, by its name in the option `limits`. */
export interface LimitCounts {
  connections: number;
  perIp: number;
  handshakesPerSecond: number;
  messagesPerSecond: number;
  idleTimeout: number;
  lifetime: number;
  /** Clients that read too slowly, by `sendTimeout` or `maxBufferedAmount`. */
  slow: number;
}

/** Counts of a server since its start. */
export interface ServerStats {
  /** Open connections, without those that are closing. */
  readonly connections: number;
  /** Connections that are opening or closing. */
  readonly pending: number;
  /** Requests to upgrade that were accepted. */
  readonly accepted: number;
  /** Requests that were refused, by status. */
  readonly refused: Readonly<Record<number, number>>;
  /** Handshakes without an answer: the client went away or sent no request in time, or the server closed. */
  readonly failed: number;
  /** Connections that have ended, by the close code received, else by the one sent; 1006 without either. */
  readonly closed: Readonly<Record<number, number>>;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Messages that were not sent, since their connection was not open any more or too slow. */
  readonly messagesRefused: number;
  /** Bytes over the sockets of connections that were opened, below TLS not counted. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Bytes that wait to be sent at this moment, on all connections. */
  readonly bufferedAmount: number;
  /** How often each limit was reached; `slow` counts those of `sendTimeout` and `maxBufferedAmount`. */
  readonly limited: Readonly<LimitCounts>;
}

/** Whether a server takes connections: while it drains, it only keeps those that there are. */
export type ServerState = 'open' | 'draining' | 'closed';

/**
 * A server.
 *
 * @typeParam T `data` of its connections
 * @typeParam C its connections: with handlers event connections, with `connection` those with promises
 */
export interface Server<T = unknown, C = EventConnection<T>> extends AsyncDisposable {
  /** The port that the server listens on; 0 where there is none. */
  readonly port: number;
  /**
   * The address that the server listens on: that of the options, or `::` (without IPv6 `0.0.0.0`) for all. Over a unix
   * socket it is the socket's path.
   */
  readonly host: string;
  /**
   * A URL that reaches the server from this machine, such as `ws://localhost:9001/`. Its host is that of the options,
   * or `localhost` if the server listens on all addresses.
   */
  readonly url: string;
  /** `open`; `draining` from the call of `drain`; `closed` from the call of `close`. */
  readonly state: ServerState;
  /** The open connections, without those that are closing. */
  readonly connections: ReadonlySet<C>;
  /**
   * Stops listening and closes every open connection. Resolves when all are closed, after `closeTimeout` at the
   * latest. Rejects, and does nothing, for a code or a reason that may not be sent. An attached server leaves its HTTP
   * server alone.
   *
   * @param code default 1001
   */
  close(code?: number, reason?: string): Promise<void>;
  /**
   * Leaves gracefully: takes no more connections, closes those that there are spread over a time, so that their clients
   * do not come back all at once, and then the server. A connection's messages that were accepted for sending leave
   * before its close frame.
   *
   * @returns what became of the connections. A second call returns the promise of the first
   * @throws RangeError, TypeError for wrong options
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Counts of connections, handshakes, messages and limits since the start. */
  stats(): ServerStats;
  /** The same as text for Prometheus, with the delay of the event loop since the last call. */
  metrics(): string;
  /**
   * Uses new certificates for the connections to come. Those that are open go on.
   *
   * @throws TypeError if the server does not speak TLS itself
   * @throws what `tls.createSecureContext` throws for wrong options
   */
  setTls(options: TlsOptions): void;
  /** Keeps the process alive while the server listens, as it does by default. */
  ref(): this;
  /** Lets the process exit although the server listens. */
  unref(): this;
}
