/** The global `WebSocket` of Node.js, Bun and Deno. */
import { converse } from './standard-websocket.mjs';

/** @type {(url: string, ...rest: [import('./exchange.mjs').Exchange, (closed: Promise<unknown>) => Promise<unknown>]) => Promise<unknown>} */
export function run(url, exchange, waitFor) {
  const ws = new WebSocket(url);
  ws.binaryType = 'arraybuffer';
  return converse(ws, exchange, waitFor, (data) => new Uint8Array(data));
}
