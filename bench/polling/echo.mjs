// An echo server that takes so many microseconds for each message, by its argument: it computes meanwhile.
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';

const { serve } = await importLibrary('wirespeed/server');
const delay = Number(process.argv[2]) / 1000;

const server = await serve({
  host: '127.0.0.1',
  views: true,
  handlers: {
    message(/** @type {any} */ ws, /** @type {Uint8Array} */ data) {
      const until = performance.now() + delay;
      while (performance.now() < until);
      ws.send(data);
    },
  },
});
console.log(server.url);
