/** The async client, with `recv` for one message at a time and `for await` for a stream of messages. */
import { withCompression } from './compression.mjs';
import { importLibrary } from './wirespeed-library.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 * @param {object} [options] of the connection
 */
export async function run(url, exchange, waitFor, options) {
  const { connect } = await importLibrary('wirespeed');
  const ws = await connect(url, withCompression(options, exchange));
  if (exchange.window === 1 && !exchange.isIdle) await requestAndRespond(ws, exchange);
  else await pipeline(ws, exchange);
  await waitFor(ws.close(1000));
}

/**
 * @param {any} ws
 * @param {import('./exchange.mjs').Exchange} exchange
 */
async function requestAndRespond(ws, exchange) {
  let next = /** @type {Uint8Array | undefined} */ (exchange.next());
  while (next) {
    await ws.send(next);
    next = exchange.reply(await ws.recv());
  }
}

/**
 * Sends are not awaited. The window limits the number of messages in flight, and waiting would keep this loop from
 * taking replies.
 *
 * @param {any} ws
 * @param {import('./exchange.mjs').Exchange} exchange
 */
async function pipeline(ws, exchange) {
  for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
  for await (const message of ws) {
    let next = exchange.reply(message);
    if (!next && exchange.isDone) return;
    for (; next; next = exchange.more()) ws.send(next);
  }
}
