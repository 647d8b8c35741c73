/** faye-websocket's client, which adds no extension unless it is given one. */
import faye from 'faye-websocket';
import { converse } from './standard-websocket.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  const ws = new faye.Client(url, [], { maxLength: 64 * 1024 * 1024 });
  return converse(/** @type {any} */ (ws), exchange, waitFor, (data) => data);
}
