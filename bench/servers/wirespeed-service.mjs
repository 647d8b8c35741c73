/** What Wirespeed's servers of the benchmark do, whatever port they are on. */
import process from 'node:process';
import { serviceOf } from './service.mjs';

export const SERVICE = {
  maxMessageSize: 64 * 1024 * 1024,
  /** @param {{ target: string }} request */
  request: ({ target }) => ({ data: serviceOf(target) }),
  views: /** @type {const} */ (true),
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
};

/** Ends the program at a signal. @param {() => unknown} close */
export function closeAtSignals(close) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, close);
}
