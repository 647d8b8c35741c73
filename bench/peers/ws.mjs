/** ws, with its optional native masking (bufferutil), which it picks up by itself when installed. */
import { WebSocket } from 'ws';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
    const closed = new Promise((done) => ws.on('close', done));
    ws.on('open', () => {
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
