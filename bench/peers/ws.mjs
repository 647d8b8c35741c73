/** ws. It uses its optional native masking (bufferutil) if that is installed. */
import { WebSocket } from 'ws';
import { checkCompression } from './compression.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, {
      // Without a threshold every client compresses every message.
      perMessageDeflate: exchange.isCompressed ? { threshold: 0 } : false,
      maxPayload: 64 * 1024 * 1024,
    });
    const closed = new Promise((done) => ws.on('close', done));
    ws.on('open', () => {
      checkCompression(ws.extensions, exchange);
      for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
    });
    ws.on('message', (data) => {
      let next;
      try {
        next = exchange.reply(exchange.isText ? String(data) : data);
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
    });
    ws.on('error', reject);
    ws.on('close', (code, reason) => {
      reject(new Error(`closed early: ${code} ${reason}`.trimEnd()));
    });
  });
}
