/** The `WebSocket` of undici. Node.js 22 and later have the same one as a global. */
import { Agent, WebSocket } from 'undici';
import { converse } from './standard-websocket.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  const dispatcher = new Agent({ webSocket: { maxPayloadSize: 64 * 1024 * 1024 } });
  const ws = new WebSocket(url, { dispatcher });
  ws.binaryType = 'arraybuffer';
  return converse(/** @type {any} */ (ws), exchange, waitFor, (data) => new Uint8Array(data));
}
