/** The events client: callbacks that get a view of each message in the receive buffer. */
import { Buffer } from 'node:buffer';
import { withCompression } from './compression.mjs';
import { importLibrary } from './wirespeed-library.mjs';

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 * @param {object} [options] of the connection
 */
export async function run(url, exchange, waitFor, options) {
  const { connect } = await importLibrary('wirespeed/events');
  await new Promise((resolve, reject) => {
    let hasClosed = () => {};
    const closed = new Promise((done) => {
      hasClosed = () => done(undefined);
    });
    const handlers = {
      /** @param {any} ws @param {Uint8Array} data */
      message(ws, data) {
        let next;
        try {
          next = exchange.reply(exchange.isText ? textOf(data) : data);
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
      },
      /** @param {any} _ws @param {number} code @param {string} reason */
      close(_ws, code, reason) {
        hasClosed();
        reject(new Error(`closed early: ${code} ${reason}`.trimEnd()));
      },
      /** @param {any} _ws @param {Error} error */
      error(_ws, error) {
        reject(error);
      },
    };
    connect(url, handlers, withCompression(options, exchange)).then((/** @type {any} */ ws) => {
      for (let i = 0; i < exchange.window; i++) ws.send(exchange.next());
    }, reject);
  });
}

/** @param {Uint8Array} data */
function textOf(data) {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString();
}
