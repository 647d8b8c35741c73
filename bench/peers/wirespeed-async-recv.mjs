/** The async client, with `recv` for every message. (`wirespeed-async.mjs` takes a stream of messages by `for await`.) */
import { importLibrary } from './wirespeed-library.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 * @param {object} [options] of the connection
 */
export async function run(url, exchange, waitFor, options) {
  const { connect } = await importLibrary('wirespeed');
  const ws = await connect(url, options);
  // Sends are not awaited: the window limits the number of messages in flight.
  for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
  for (;;) {
    let next = exchange.reply(await ws.recv());
    if (!next && exchange.isDone) break;
    for (; next; next = exchange.more()) ws.send(next);
  }
  await waitFor(ws.close(1000));
}
