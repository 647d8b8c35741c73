/**
 * The connection of a server: an event connection whose request its acceptor answers.
 */
import type { Socket } from 'node:net';
import type { DrivenOptions } from '../connection/driven-connection.ts';
import {
  EventConnection,
  type HandlerName,
  type Handlers,
} from '../connection/event-connection.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT, shownConnection } from '../inspection.ts';
import type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
import type { Faults } from './faults.ts';
import { SocketRequest } from './socket-request.ts';

/** The part of a server that its connections know. */
export interface ConnectionServer<T> {
  /** The server's URL, which is the URL of its connections. */
  readonly url: string;
  readonly faults: Faults<T>;
  /** Answers a request to upgrade, at once or later. */
  decide(connection: ServerConnection<T>, request: UpgradeRequest): void;
  opened(connection: ServerConnection<T>): void;
  /** The connection is no longer open: it closes, or has failed. */
  closing(connection: ServerConnection<T>): void;
  closed(connection: ServerConnection<T>): void;
}

/** A connection that a server has accepted. */
export class ServerConnection<T> extends EventConnection<T> {
  readonly #server: ConnectionServer<T>;
  /** Whether it counts towards `maxConnections`. */
  isAdmitted = false;

  constructor(
    server: ConnectionServer<T>,
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
