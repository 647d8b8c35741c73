/** Wirespeed's own server, with the services of the benchmark. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';
import { serviceOf } from './service.mjs';

const [certificate, key] = process.argv.slice(2);
const { serve } = await importLibrary('wirespeed/server');

const server = await serve({
  port: 0,
  host: '127.0.0.1',
  tls: certificate
    ? { cert: readFileSync(certificate), key: readFileSync(String(key)) }
    : undefined,
  maxMessageSize: 64 * 1024 * 1024,
  /** @param {{ target: string }} request */
  request: ({ target }) => ({ data: serviceOf(target) }),
  views: true,
  handlers: {
    /** @param {any} ws @param {Uint8Array} data @param {boolean} isText */
    message(ws, data, isText) {
      ws.data(data, (/** @type {Uint8Array} */ reply) => {
        // Above the high-water mark it takes no more messages until the replies that wait have left.
        if (!ws.send(reply, { text: isText })) ws.pause();
      });
    },
    /** @param {any} ws */
    drain: (ws) => ws.resume(),
  },
});
console.log(`listening on ${server.url}`);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => void server.close());
}
