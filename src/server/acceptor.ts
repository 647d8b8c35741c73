/**
 * The connections of a server, from the accepted socket on: has the request hook decide, keeps the limit of
 * connections, and knows which connections are open.
 */
import type { Socket } from 'node:net';
import type { EventConnection, Handlers } from '../connection/event-connection.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { nodeKernels } from '../kernels/node.ts';
import type { ResolvedListenOptions } from '../options/options.ts';
import { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import { sha1Base64 } from '../transport/crypto.ts';
import { type SessionLimits, sessionLimits } from '../transport/session-limits.ts';
import { adoptSocket } from './adopt-socket.ts';
import type { Faults } from './faults.ts';
import { checkDecision, type RequestDecision, type RequestHook } from './request-decision.ts';
import { type ConnectionServer, ServerConnection } from './server-connection.ts';

/** The options of a server that are functions of the user's, and how they are called. */
export interface AcceptorOptions<T> {
  readonly handlers: Handlers<T> | Handlers<T, Message>;
  readonly views?: boolean | undefined;
  readonly request?: RequestHook<T> | undefined;
}

/** Accepts sockets, and keeps their connections until they have ended. */
export class Acceptor<T> implements ConnectionServer<T> {
  /** The server's URL, known once it listens. Every connection keeps it, so there is one string. */
  url = '';
  readonly connections: Set<EventConnection<T>> = new Set();
  readonly faults: Faults<T>;
  readonly #options: AcceptorOptions<T>;
  readonly #resolved: ResolvedListenOptions;
  readonly #limits: SessionLimits;
  /** Connections that are opening or closing. */
  readonly #notOpen = new Set<ServerConnection<T>>();
  /** How many connections count towards `maxConnections`: open ones, and those being decided on. */
  #admitted = 0;
  #isClosing = false;
  /** Resolves the promise of `close`, if that waits. */
  #allEnded: (() => void) | undefined;

  constructor(options: AcceptorOptions<T>, resolved: ResolvedListenOptions, faults: Faults<T>) {
    this.faults = faults;
    this.#options = options;
    this.#resolved = resolved;
    this.#limits = sessionLimits(resolved, resolved.handshakeTimeout);
  }

  /** Takes over a socket whose client may send its request now. */
  accept(socket: Socket): void {
    const resolved = this.#resolved;
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    const { handlers, views = false } = this.#options;
    const connection = new ServerConnection<T>(this, handlers, resolved, views);
    const { driver } = connection;
    this.#notOpen.add(connection);
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

  /**
   * Refuses new connections and closes those there are; fulfilled when all have ended.
   *
   * @param code a close code that may be sent
   */
  close(code: number, reason: string): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.connections) connection.close(code, reason);
    for (const connection of this.#notOpen) {
      if (connection.state === 'connecting') connection.terminate();
    }
    return new Promise((resolve) => {
      this.#allEnded = resolve;
      if (this.#isEmpty()) resolve();
    });
  }

  /** @internal */
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
      if (!isThenable(decision)) {
        this.#answer(connection, request, decision);
        return;
      }
      // The server reads nothing more from a client that waits for its answer.
      driver.pause();
      Promise.resolve(decision)
        .then((decided) => this.#answerLate(connection, request, decided))
        .catch((error: unknown) => this.#refuseAfterFault(connection, error));
    } catch (error) {
      this.#refuseAfterFault(connection, error);
    }
  }

  /** @internal */
  opened(connection: ServerConnection<T>): void {
    this.#notOpen.delete(connection);
    this.connections.add(connection);
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
    if (this.#isEmpty()) this.#allEnded?.();
  }

  #isEmpty(): boolean {
    return this.connections.size === 0 && this.#notOpen.size === 0;
  }

  /** Stops counting the connection towards `maxConnections`. */
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

  /** The hook threw, or its decision cannot be carried out. */
  #refuseAfterFault(connection: ServerConnection<T>, error: unknown): void {
    const { request, state, driver } = connection;
    this.#dismiss(connection);
    if (state === 'connecting') driver.refuse({ status: 500 });
    this.faults.report(error, { source: 'request', request });
  }
}

function isThenable<V>(value: V | Promise<V>): value is Promise<V> {
  return typeof (value as Promise<V> | undefined)?.then === 'function';
}
