/**
 * The options of `serve`, `attach` and `upgrade` that are functions of the user's, and their checks.
 */
import type { Handlers } from '../connection/event-connection.ts';
import { checkHandlers } from '../connection/handlers.ts';
import type { Message } from '../connection/message.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { describe } from '../options/options.ts';
import type { ConnectionFunction } from './accepted-connection.ts';
import type { FaultContext } from './faults.ts';
import type { RequestDecision } from './request-decision.ts';

/** Options that decide on requests, and are told what goes wrong. */
export interface DecisionOptions<T> {
  /**
   * Decides on a request to upgrade, at once or later: `undefined` accepts it, `{ status }` refuses it or redirects,
   * and `{ protocol, headers, data }` accepts it with these. If the hook throws, or its answer cannot be carried out,
   * the request is refused with 500 and `error` is called. If it takes longer than `handshakeTimeout`, the request is
   * refused with 503.
   */
  request?:
    | ((request: UpgradeRequest) => RequestDecision<T> | Promise<RequestDecision<T>>)
    | undefined;
  /**
   * Is called for each request to upgrade that was refused, by the hook, a limit, an origin, the path of `serve`, or
   * because it was wrong, with the status and the reason. Without a request: what came was none. Default none.
   */
  refused?:
    | ((request: UpgradeRequest | undefined, status: number, reason: string) => void)
    | undefined;
  /**
   * Is called with what the request hook or a handler threw, or with what its promise was rejected with. Default: a
   * warning of the process for the hook and for `connection`, once, and an uncaught exception for a handler.
   */
  error?: ((error: unknown, context: FaultContext<T>) => void) | undefined;
}

/** Handlers that are given data to keep. */
export interface WithHandlers<T> {
  /** Whether handlers are given views of the receive buffer. Default `false`: they are given data to keep. */
  views?: false | undefined;
  /** The handlers of each connection. Text is a string, binary is bytes of its own. */
  handlers: Handlers<T, Message>;
  connection?: undefined;
}

/** Handlers that are given views of the receive buffer: nothing is copied. */
export interface WithViews<T> {
  /** Whether handlers are given views of the receive buffer, valid until they return. */
  views: true;
  /** The handlers of each connection. */
  handlers: Handlers<T>;
  connection?: undefined;
}

/** A function that serves each connection, instead of handlers. */
export interface WithConnection<T> {
  /**
   * Serves a connection: it has all promises of the async client. When the function returns, the connection is closed
   * with 1000; when it throws, with 1011, and `error` is called, unless the connection had ended.
   */
  connection: ConnectionFunction<T>;
  handlers?: undefined;
  views?: undefined;
}

/** Names of the options that are checked here. */
export const SERVE_OPTION_NAMES: readonly string[] = [
  'handlers',
  'connection',
  'views',
  'request',
  'refused',
  'error',
];

/**
 * Checks the options that are functions, and how they go together.
 *
 * @param caller the function of the user's call
 * @throws TypeError saying what is wrong
 */
export function checkServeOptions(caller: string, options: unknown): void {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(
      `${caller}: options must be an object with handlers, not ${describe(options)}`,
    );
  }
  const { handlers, connection, views } = options as Record<string, unknown>;
  for (const name of ['connection', 'request', 'refused', 'error']) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`${caller}: option '${name}' must be a function`);
    }
  }
  if (views !== undefined && typeof views !== 'boolean') {
    throw new TypeError(`${caller}: option 'views' must be true or false`);
  }
  if (connection === undefined) {
    checkHandlers(caller, handlers);
    for (const name of ['receiveTimeout', 'receiveQueue']) {
      if ((options as Record<string, unknown>)[name] === undefined) continue;
      throw new TypeError(
        `${caller}: option '${name}' goes with 'connection'; handlers do not wait`,
      );
    }
  } else if (handlers !== undefined) {
    throw new TypeError(`${caller}: 'handlers' and 'connection' exclude each other; give one`);
  } else if (views === true) {
    throw new TypeError(
      `${caller}: option 'views' goes with 'handlers'; 'connection' is given messages to keep`,
    );
  }
}
