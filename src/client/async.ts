/**
 * The async client.
 */
import { AsyncConnection } from '../connection/async-connection.ts';
import type { Connection } from '../connection/connection.ts';
import { LEND, type Lender, type Loan } from '../connection/lending.ts';
import { WHOLE_MESSAGES } from '../dial/client-session.ts';
import { parseTarget } from '../dial/target.ts';
import {
  type ConnectOptions,
  type ResolvedConnectOptions,
  resolveConnectOptions,
} from '../options/options.ts';
import { connectClient } from './connect-client.ts';

/** A connection of the async client, which can be lent to blocking calls. */
class ClientConnection extends AsyncConnection implements Lender {
  readonly #resolved: ResolvedConnectOptions;

  constructor(url: string, options: ResolvedConnectOptions) {
    super(url, options);
    this.#resolved = options;
    this.usePolling(options.busyPoll);
  }

  /** @internal */
  [LEND](): Loan {
    return this.lend(this.#resolved);
  }
}

/**
 * Connects to a WebSocket server.
 *
 * @param url `ws:` or `wss:`
 * @throws TypeError, RangeError for wrong arguments
 * @throws InvalidUrlError if the URL is not one of a WebSocket
 * @throws ConnectError if connecting fails: at DNS, TCP or TLS
 * @throws HandshakeError if the server does not upgrade (RFC 6455 §4.1)
 * @throws TimeoutError after `connectTimeout`
 * @example
 * ```ts
 * import { connect } from 'wirespeed';
 *
 * const ws = await connect('ws://127.0.0.1:9001/');
 * await ws.send('hello');
 * console.log(await ws.recv());
 * await ws.close();
 * ```
 */
export async function connect(url: string | URL, options?: ConnectOptions): Promise<Connection> {
  const resolved = resolveConnectOptions(options);
  const target = parseTarget(url);
  const connection = new ClientConnection(target.url, resolved);
  await connectClient(connection, target, resolved, WHOLE_MESSAGES);
  return connection;
}
