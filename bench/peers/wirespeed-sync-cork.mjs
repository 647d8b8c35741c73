/**
 * The sync client, with everything within one `cork`: what it sends leaves together, each time that it has to wait for a
 * message.
 */
import { withCompression } from './compression.mjs';
import { importLibrary } from './wirespeed-library.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {unknown} _waitFor not needed, since `close` blocks
 * @param {object} [options] of the connection
 */
export async function run(url, exchange, _waitFor, options) {
  const { connect } = await importLibrary('wirespeed/sync');
  const ws = connect(url, withCompression(options, exchange));
  ws.cork(() => {
    for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
    while (!exchange.isDone) {
      let next = exchange.reply(ws.recv());
      for (; next; next = exchange.more()) ws.send(next);
    }
  });
  ws.close(1000);
}
