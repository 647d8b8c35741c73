/** Wirespeed's own server with what the benchmark asks of one: echo, echo with times, and pushing. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { makePayloads } from '../peers/payloads.mjs';
import { importLibrary } from '../peers/wirespeed-library.mjs';

const STAMPS = 16;
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
  request({ target }) {
    const size = /^\/push\/(\d+)$/.exec(target)?.[1];
    const payloads = size === undefined ? undefined : makePayloads(Number(size));
    return { data: { isStamped: target === '/stamped', payloads, pushed: 0 } };
  },
  handlers: {
    /** @param {any} ws */
    open(ws) {
      if (ws.data.payloads) push(ws);
    },
    /** @param {any} ws @param {Uint8Array} data @param {boolean} isText */
    message(ws, data, isText) {
      if (ws.data.isStamped && !isText && data.length >= STAMPS) stamp(data);
      if (!ws.send(data, { text: isText })) ws.pause();
    },
    /** @param {any} ws */
    drain(ws) {
      if (ws.data.payloads) push(ws);
      ws.resume();
    },
  },
});
console.log(`listening on ${server.url}`);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => void server.close());
}

/** @param {Uint8Array} data */
function stamp(data) {
  const received = process.hrtime.bigint();
  const view = new DataView(data.buffer, data.byteOffset, STAMPS);
  view.setBigUint64(0, received, true);
  view.setBigUint64(8, process.hrtime.bigint(), true);
}

/** @param {any} ws */
function push(ws) {
  const { payloads } = ws.data;
  while (ws.send(payloads[ws.data.pushed++ % payloads.length]));
}
