/** The npm package `websocket`: its client, assembling fragments, without its keepalive. */
import websocket from 'websocket';

const MAX_MESSAGE_SIZE = 64 * 1024 * 1024;

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  return new Promise((resolve, reject) => {
    const client = new websocket.client({
      maxReceivedFrameSize: MAX_MESSAGE_SIZE,
      maxReceivedMessageSize: MAX_MESSAGE_SIZE,
      // A message of any size is sent in one frame, as by the other clients.
      fragmentOutgoingMessages: false,
      disableNagleAlgorithm: true,
    });
    client.on('connectFailed', reject);
    client.on('connect', (connection) => {
      const closed = new Promise((done) => connection.on('close', done));
      connection.on('error', reject);
      connection.on('close', (code, reason) => {
        reject(new Error(`closed early: ${code} ${reason}`.trimEnd()));
      });
      connection.on('message', (message) => {
        let next;
        try {
          next = exchange.reply(message.type === 'binary' ? message.binaryData : message.utf8Data);
        } catch (error) {
          reject(error);
          return;
        }
        if (next) {
          for (; next; next = exchange.more()) connection.send(next);
        } else if (exchange.isDone) {
          connection.close();
          resolve(waitFor(closed));
        }
      });
      for (let i = 0; i < exchange.window; i++) connection.send(exchange.next());
    });
    client.connect(url);
  });
}
