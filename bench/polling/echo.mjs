// An echo server that takes so many microseconds for each message, by its first argument: it computes meanwhile. With
// `feed` as the second it sends by itself instead, a thousand messages a second on each connection.
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';

const { serve } = await importLibrary('wirespeed/server');
const [delay = '0', mode = ''] = process.argv.slice(2);
const milliseconds = Number(delay) / 1000;
const MESSAGE = new Uint8Array(512).fill(7);

const server = await serve({
  host: '127.0.0.1',
  views: true,
  handlers: {
    message(/** @type {any} */ ws, /** @type {Uint8Array} */ data) {
      const until = performance.now() + milliseconds;
      while (performance.now() < until);
      ws.send(data);
    },
    open(/** @type {any} */ ws) {
      if (mode === 'feed') setInterval(() => ws.send(MESSAGE), 1);
    },
  },
});
console.log(server.url);
