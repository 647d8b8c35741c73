/**
 * The connections of a server, from the socket on: has the request hook decide, keeps the limits, and knows which
 * connections are open.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { OpeningWaiter } from '../connection/driven-connection.ts';
import type { Handlers } from '../connection/event-connection.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { serverClose, serverOpen, serverRefused } from '../diagnostics.ts';
import { nodeKernels } from '../kernels/node.ts';
import type { ResolvedAcceptOptions } from '../options/options.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { PageAnswer, ReceivedRequest } from '../protocol/opening/server.ts';
import { Session } from '../protocol/session.ts';
import { type AdoptedSocket, adoptSocket } from '../transport/adopt-socket.ts';
import { now } from '../transport/clock.ts';
import { sha1Base64 } from '../transport/crypto.ts';
import { DuplexSocket } from '../transport/duplex-socket.ts';
import { type SessionLimits, sessionLimits } from '../transport/session-limits.ts';
import type { ConnectionFunction } from './accepted-connection.ts';
import { Admissions, type NoRoom } from './admissions.ts';
import { TrustedProxies } from './client-address.ts';
import { Counts } from './counts.ts';
import { type FaultHandler, Faults } from './faults.ts';
import { isOnPath } from './path-filter.ts';
import { checkDecision, type RequestDecision, type RequestHook } from './request-decision.ts';
import {
  type ConnectionServer,
  LimitedEventConnection,
  ServerAsyncConnection,
  type ServerConnection,
  ServerEventConnection,
} from './server-connection.ts';
import { Sweep } from './sweep.ts';

/** Is told of a request that was refused. */
export type RefusedHook = (
  request: UpgradeRequest | undefined,
  status: number,
  reason: string,
) => unknown;

/** The options of a server that are functions of the user's, and how they are called. */
export interface AcceptorOptions<T> {
  readonly handlers?: Handlers<T> | Handlers<T, Message> | undefined;
  readonly connection?: ConnectionFunction<T> | undefined;
  readonly views?: boolean | undefined;
  readonly request?: RequestHook<T> | undefined;
  readonly refused?: RefusedHook | undefined;
  readonly error?: FaultHandler<T> | undefined;
}

/** Whether an acceptor takes connections: while it drains it only keeps those that there are. */
export type AcceptorState = 'open' | 'draining' | 'closed';

/** Accepts sockets, and keeps their connections until they have ended. */
export class Acceptor<T> implements ConnectionServer<T> {
  /** The server's URL, known once it listens. Every connection keeps it, so there is one string. */
  url = '';
  state: AcceptorState = 'open';
  readonly connections: Set<ServerConnection<T>> = new Set();
  readonly faults: Faults<T>;
  readonly proxies: TrustedProxies;
  readonly counts: Counts = new Counts();
  /** Answers requests that ask for no upgrade. */
  page: PageAnswer | undefined;
  readonly #options: AcceptorOptions<T>;
  readonly #resolved: ResolvedAcceptOptions;
  readonly #limits: SessionLimits;
  readonly #admissions: Admissions;
  readonly #sweep: Sweep<T> | undefined;
  /** Connections that are opening or closing. */
  readonly #notOpen = new Set<ServerConnection<T>>();
  /** How many connections are open, closing, or being decided on. */
  #busy = 0;
  /** Resolve the promises that wait until there is no such connection, or none at all. */
  #idleWaiters: (() => void)[] = [];
  #emptyWaiters: (() => void)[] = [];

  constructor(options: AcceptorOptions<T>, resolved: ResolvedAcceptOptions) {
    this.faults = new Faults(options.error);
    this.proxies = new TrustedProxies(resolved.trustProxy);
    this.#options = options;
    this.#resolved = resolved;
    this.#limits = sessionLimits(resolved, resolved.handshakeTimeout);
    this.#admissions = new Admissions(resolved.limits, resolved.maxConnections);
    this.#sweep = Sweep.for(resolved.limits, this);
  }

  /** The connections that are opening or closing. */
  get notOpen(): ReadonlySet<ServerConnection<T>> {
    return this.#notOpen;
  }

  /** Takes over a socket whose client may send its request now. */
  accept(socket: Duplex): void {
    if (this.state === 'closed') {
      socket.destroy();
      return;
    }
    this.#adopt(this.#create(), socket).begin();
  }

  /**
   * Takes over a socket whose request an HTTP server has read. Returns the connection.
   *
   * @param head what the HTTP server has read behind the request
   * @param opening is told whether the connection is opened
   */
  take(
    socket: Duplex,
    request: ReceivedRequest,
    head: Uint8Array,
    opening?: OpeningWaiter,
  ): ServerConnection<T> {
    if (socket instanceof Socket) {
      // The HTTP server's time for a request does not concern a connection.
      socket.setTimeout(0);
      socket.setNoDelay(this.#resolved.noDelay);
    }
    const connection = this.#create();
    connection.opening = opening;
    const { driver } = connection;
    try {
      const adopted = this.#adopt(connection, socket);
      driver.receiveRequest(request);
      // A copy: the payloads are unmasked in place, and the bytes belong to the caller.
      adopted.begin(new Uint8Array(head), !driver.session.isPaused);
      // What the caller's stream throws in a write is an error of the stream, and is the caller's to know.
      if (adopted.socket instanceof DuplexSocket && adopted.socket.failure !== undefined) {
        throw adopted.socket.failure;
      }
    } catch (error) {
      driver.terminate();
      throw error;
    }
    return connection;
  }

  /** Lets no more connections in. */
  stopAccepting(): void {
    if (this.state === 'open') this.state = 'draining';
  }

  /**
   * Refuses new connections and closes those there are; fulfilled when all have ended.
   *
   * @param code a close code that may be sent
   */
  close(code: number, reason: string): Promise<void> {
    this.state = 'closed';
    this.#sweep?.stop();
    for (const connection of this.connections) void connection.close(code, reason);
    for (const connection of this.#notOpen) {
      if (connection.state === 'connecting') connection.terminate();
    }
    return this.whenEmpty();
  }

  /** Waits until no connection is open or closing, and no request is being decided on. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#tellIfEmpty();
    });
  }

  /** Waits until there is no connection, neither an open one nor one that is opening or closing. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptyWaiters.push(resolve);
      this.#tellIfEmpty();
    });
  }

  /** @internal */
  decide(connection: ServerConnection<T>, request: UpgradeRequest): void {
    connection.admission.isBusy = true;
    this.#busy++;
    if (this.state !== 'open') {
      this.#refuse(connection, 503, 'the server is closing', { 'Retry-After': '1' });
      return;
    }
    const { origins, path } = this.#resolved;
    try {
      if (path !== undefined && !isOnPath(path, request.path)) {
        this.#refuse(connection, 404, 'there is no WebSocket at this path');
        return;
      }
    } catch (error) {
      this.#refuseAfterFault(connection, 'path', error);
      return;
    }
    const { perIp } = this.#resolved.limits;
    const address = perIp === Number.POSITIVE_INFINITY ? undefined : request.clientAddress;
    const admitted = this.#admissions.admit(address);
    if (typeof admitted === 'object') {
      this.#refuseForRoom(connection, admitted);
      return;
    }
    connection.admission.network = admitted;
    if (
      origins !== undefined &&
      (request.origin === undefined || !origins.includes(request.origin))
    ) {
      this.#refuse(connection, 403, 'this origin is not allowed');
      return;
    }
    this.#askHook(connection, request);
  }

  /** @internal */
  refused(connection: ServerConnection<T>, status: number, reason: string): void {
    this.#dismiss(connection);
    this.tellRefused(connection.request, status, reason);
  }

  /** @internal */
  opened(connection: ServerConnection<T>): void {
    // A whole number: a fraction would have memory of its own.
    connection.admission.openedAt = Math.ceil(now());
    this.counts.accepted++;
    this.#notOpen.delete(connection);
    this.connections.add(connection);
    this.#sweep?.add(connection);
  }

  /** @internal */
  announce(connection: ServerConnection<T>): void {
    if (!serverOpen.hasSubscribers) return;
    serverOpen.publish({ connection, request: connection.request });
  }

  /** @internal */
  closing(connection: ServerConnection<T>): void {
    this.connections.delete(connection);
    this.#notOpen.add(connection);
  }

  /** @internal */
  closed(connection: ServerConnection<T>): void {
    this.#dismiss(connection);
    this.#notOpen.delete(connection);
    this.#sweep?.remove(connection);
    this.counts.ended(connection);
    if (serverClose.hasSubscribers && connection.admission.openedAt > 0) tellClosed(connection);
    this.#tellIfEmpty();
  }

  /** @internal */
  overrun(connection: ServerConnection<T>): void {
    if (connection.state !== 'open') return;
    this.counts.limited.messagesPerSecond++;
    void connection.close(CloseCode.policyViolation, 'too many messages');
  }

  #create(): ServerConnection<T> {
    const { handlers, connection, views = false } = this.#options;
    const resolved = this.#resolved;
    const { messagesPerSecond } = resolved.limits;
    if (connection !== undefined) {
      return new ServerAsyncConnection(this, connection, resolved, messagesPerSecond);
    }
    const given = handlers as Handlers<T>;
    // Not one class for both: without the limit a message does not look for it.
    return messagesPerSecond === Number.POSITIVE_INFINITY
      ? new ServerEventConnection(this, given, resolved, views)
      : new LimitedEventConnection(this, given, resolved, views, messagesPerSecond);
  }

  /** Begins the connection's session over the socket, which is not read yet. */
  #adopt(connection: ServerConnection<T>, socket: Duplex): AdoptedSocket {
    const { driver } = connection;
    const { handlers, views = false } = this.#options;
    this.#notOpen.add(connection);
    driver.begin((output, sink) =>
      Session.server(
        {
          kernels: nodeKernels(),
          output,
          sink,
          limits: this.#limits,
          autoPong: this.#resolved.autoPong,
          deliversFrames: handlers?.frame !== undefined,
          handsOver: !views,
          sha1: sha1Base64,
          compression: connection.compression,
          page: this.page,
        },
        now(),
      ),
    );
    const adopted = adoptSocket(socket, driver);
    driver.attach(adopted.socket);
    driver.handleConnect();
    return adopted;
  }

  #askHook(connection: ServerConnection<T>, request: UpgradeRequest): void {
    const { request: hook } = this.#options;
    try {
      const decision = hook?.(request);
      if (!isThenable(decision)) {
        this.#answer(connection, request, decision);
        return;
      }
      // The server reads nothing more from a client that waits for its answer.
      connection.driver.pause();
      Promise.resolve(decision)
        .then((decided) => this.#answer(connection, request, decided))
        .catch((error: unknown) => this.#refuseAfterFault(connection, 'request', error));
    } catch (error) {
      this.#refuseAfterFault(connection, 'request', error);
    }
  }

  #tellIfEmpty(): void {
    if (this.#busy === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
    if (this.connections.size > 0 || this.#notOpen.size > 0) return;
    for (const resolve of this.#emptyWaiters.splice(0)) resolve();
  }

  /** Stops counting the connection towards the limits. */
  #dismiss({ admission }: ServerConnection<T>): void {
    if (admission.network !== undefined) this.#admissions.leave(admission.network);
    admission.network = undefined;
    if (!admission.isBusy) return;
    admission.isBusy = false;
    this.#busy--;
    this.#tellIfEmpty();
  }

  #answer(
    connection: ServerConnection<T>,
    request: UpgradeRequest,
    decision: RequestDecision<T>,
  ): void {
    // The client may have gone in the meantime.
    if (connection.state !== 'connecting') return;
    // The server may have begun to close, perhaps by the hook.
    if (this.state !== 'open') {
      this.#refuse(connection, 503, 'the server is closing', { 'Retry-After': '1' });
      return;
    }
    const { protocols } = this.#resolved;
    const checked = checkDecision(decision, request, protocols);
    if (checked.refusal !== undefined) {
      const { refusal } = checked;
      this.#dismiss(connection);
      connection.admission.isRefused = true;
      connection.driver.refuse(refusal);
      this.tellRefused(request, refusal.status, 'refused by the hook');
      return;
    }
    if (checked.data !== undefined) connection.data = checked.data;
    connection.driver.accept(checked.protocol, checked.headers);
  }

  #refuseForRoom(connection: ServerConnection<T>, room: NoRoom): void {
    this.counts.limited[room.limit]++;
    this.#refuse(connection, room.status, room.reason, { 'Retry-After': String(room.retryAfter) });
  }

  #refuse(
    connection: ServerConnection<T>,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.#dismiss(connection);
    connection.admission.isRefused = true;
    connection.driver.refuse({ status, headers: Object.entries(headers), body: `${reason}\n` });
    this.tellRefused(connection.request, status, reason);
  }

  /** A function of the user's threw, or the hook's decision cannot be carried out. */
  #refuseAfterFault(connection: ServerConnection<T>, source: 'request' | 'path', error: unknown) {
    const { request, state, driver } = connection;
    this.#dismiss(connection);
    if (state === 'connecting') {
      connection.admission.isRefused = true;
      driver.refuse({ status: 500 });
      this.tellRefused(request, 500, `the function '${source}' failed`);
    }
    this.faults.report(error, { source, request });
  }

  /** Counts a refusal, and tells of it. @internal */
  tellRefused(request: UpgradeRequest | undefined, status: number, reason: string): void {
    this.counts.refuse(status);
    if (serverRefused.hasSubscribers) serverRefused.publish({ request, status, reason });
    const hook = this.#options.refused;
    if (hook === undefined) return;
    const fail = (error: unknown): void =>
      this.faults.report(error, { source: 'refused', request });
    try {
      Promise.resolve(hook(request, status, reason)).catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}

function tellClosed<T>(connection: ServerConnection<T>): void {
  const { request, closeCode: code, closeReason: reason, session } = connection;
  serverClose.publish({ connection, request, code, reason, error: session.failure });
}

function isThenable<V>(value: V | Promise<V>): value is Promise<V> {
  return typeof (value as Promise<V> | undefined)?.then === 'function';
}
