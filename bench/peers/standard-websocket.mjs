/** Drives any client with the standard `WebSocket` interface: Bun's, Deno's and undici's. */
import { checkCompression } from './compression.mjs';

/**
 * @param {WebSocket} ws
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 * @param {(data: any) => Uint8Array} bytesOf shows the data of a message as bytes, without a copy
 */
export function converse(ws, exchange, waitFor, bytesOf) {
  return new Promise((resolve, reject) => {
    let hasClosed = () => {};
    const closed = new Promise((done) => {
      hasClosed = () => done(undefined);
    });
    ws.onopen = () => {
      try {
        checkCompression(ws.extensions ?? '', exchange);
      } catch (error) {
        reject(error);
        return;
      }
      for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
    };
    ws.onmessage = (event) => {
      let next;
      try {
        next = exchange.reply(exchange.isText ? event.data : bytesOf(event.data));
      } catch (error) {
        reject(error);
        return;
      }
      if (next) {
        for (; next; next = exchange.more()) ws.send(next);
      } else if (exchange.isDone) {
        ws.close(1000);
        resolve(waitFor(closed));
      }
    };
    ws.onerror = (event) => {
      const { error, message } = /** @type {ErrorEvent} */ (event);
      reject(error ?? new Error(message || 'the connection failed'));
    };
    ws.onclose = (event) => {
      hasClosed();
      reject(new Error(`closed early: ${event.code} ${event.reason}`.trimEnd()));
    };
  });
}
