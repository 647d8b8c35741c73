/**
 * Connections of the async client, driven by blocking calls for a while.
 */

import { LentDriver } from '../blocking/lent-driver.ts';
import type { Connection } from '../connection/connection.ts';
import { isLender, LEND } from '../connection/lending.ts';
import { checkCopy } from '../connection/package-copies.ts';
import { ConcurrencyError } from '../errors.ts';
import { describe } from '../options/options.ts';
import { BlockingConnection, type SyncConnection } from './sync-connection.ts';

/** The connections that are lent and their drivers, by the connections that `toSync` returned. */
const loans = new WeakMap<SyncConnection, { connection: Connection; driver: LentDriver }>();

/**
 * Drives an open connection of the async client by blocking calls, on its own thread, until `toAsync`
 * gives it back. It stays one connection: messages that wait in it are received first, what it still
 * has to send leaves first, and a ping under way gets its pong. Until it is given back, its own methods,
 * except `terminate`, refuse with a ConcurrencyError.
 *
 * @param connection made by `connect` of `wirespeed`, over `ws:`
 * @throws TypeError for anything else
 * @throws ConnectionClosedError if it is not open
 * @throws ConcurrencyError if it is lent already, while a `recv` or an iteration on it waits for a
 * message or a `send` is under way, and while the peer has not taken all that was sent: await a `ping`,
 * whose pong tells that it has
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` over TLS, and where sockets have no file descriptor;
 * the connection stays usable, as after every error
 * @example
 * ```ts
 * const ws = await connect('ws://127.0.0.1:9001/'); // of wirespeed
 * const blocking = toSync(ws);
 * blocking.send('hello');
 * console.log(blocking.recv());
 * for await (const message of toAsync(blocking)) console.log(message);
 * ```
 */
export function toSync(connection: Connection): SyncConnection {
  checkCopy('toSync: the connection', connection);
  if (!isLender(connection)) {
    throw new TypeError(
      `toSync: the connection must be one that connect of wirespeed made, not ${describe(connection)}`,
    );
  }
  const loan = connection[LEND]();
  let driver: LentDriver;
  try {
    driver = new LentDriver(loan);
  } catch (error) {
    loan.end();
    throw error;
  }
  const blocking = new BlockingConnection(connection.url, loan.options, loan, driver);
  loans.set(blocking, { connection, driver });
  return blocking;
}

/**
 * Gives a connection that `toSync` has taken back to the event loop. Messages that blocking calls have left
 * are received first. What `toSync` returned refuses every call from then on.
 *
 * @returns the very connection that `toSync` was given
 * @throws TypeError for anything that `toSync` has not returned
 * @throws ConcurrencyError if it was given back before
 */
export function toAsync(blocking: SyncConnection): Connection {
  checkCopy('toAsync: the connection', blocking);
  const lent = loans.get(blocking);
  if (lent === undefined) {
    throw new TypeError('toAsync: the connection must be one that toSync returned');
  }
  if (lent.driver.isRevoked)
    throw new ConcurrencyError('toAsync: the connection was given back before');
  lent.driver.giveBack();
  return lent.connection;
}
