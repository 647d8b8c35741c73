import { EventConnection, type Handlers } from '../connection/event-connection.ts';
import { checkHandlers } from '../connection/handlers.ts';
import type { Message } from '../connection/message.ts';
import { parseTarget } from '../dial/target.ts';
import { type ConnectOptions, resolveConnectOptions } from '../options/options.ts';
import { connectClient } from './connect-client.ts';

/** Options of `connect` in the events client. */
export interface EventsConnectOptions extends ConnectOptions {
  /**
   * Whether handlers get views of the receive buffer, valid until they return. With `false` they get what they
   * may keep: text as a string, binary as bytes of its own. Default `true`.
   */
  views?: boolean | undefined;
}

/**
 * Connects to a WebSocket server. `handlers` are called with what comes, and `open` before the promise
 * is fulfilled.
 *
 * @param url `ws:` or `wss:`
 * @throws TypeError, RangeError for wrong arguments
 * @throws InvalidUrlError if the URL is not one of a WebSocket
 * @throws ConnectError if connecting fails: at DNS, TCP or TLS
 * @throws HandshakeError if the server does not upgrade (RFC 6455 §4.1)
 * @throws TimeoutError after `connectTimeout`
 * @example
 * ```ts
 * const ws = await connect('wss://example.com/feed', { message: (ws, data) => handle(data) });
 * ```
 */
export function connect<T = unknown>(
  url: string | URL,
  handlers: Handlers<T, Message>,
  options: EventsConnectOptions & { views: false },
): Promise<EventConnection<T>>;
export function connect<T = unknown>(
  url: string | URL,
  handlers: Handlers<T>,
  options?: EventsConnectOptions,
): Promise<EventConnection<T>>;
export async function connect<T>(
  url: string | URL,
  handlers: Handlers<T> | Handlers<T, Message>,
  options?: EventsConnectOptions,
): Promise<EventConnection<T>> {
  checkHandlers('connect', handlers);
  const resolved = resolveConnectOptions(options, ['views']);
  const views = options?.views ?? true;
  if (typeof views !== 'boolean') {
    throw new TypeError("connect: option 'views' must be true or false");
  }
  const target = parseTarget(url);
  const connection = new EventConnection<T>(target.url, handlers, resolved, views);
  connection.usePolling(resolved.busyPoll);
  await connectClient(connection, target, resolved, {
    deliversFrames: handlers.frame !== undefined,
    handsOver: !views,
  });
  return connection;
}
