/**
 * Measures what it costs to compress a message at once or in the thread pool, and to decompress it, and for how long each
 * keeps the calling thread.
 *
 *   node bench/micro/deflate.mjs
 */
import { constants, deflateRawSync } from 'node:zlib';
import { ZlibDeflater, ZlibInflater } from '../../dist/internal/compression.js';
import { measure } from './report.mjs';

// Every message is compressed by itself: with a common history its repetitions would shrink to next to nothing.
const FORGETS = { noContextTakeover: true, windowBits: 15 };
const ROOM = Buffer.alloc(2 * 1024 * 1024);
const TRIES = 20;

for (const size of [512, 4096, 16_384, 65_536, 1024 * 1024]) {
  const message = quotes(size);
  const deflated = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH });
  const now = new ZlibDeflater(FORGETS, -1, 8);
  const later = new ZlibDeflater(FORGETS, -1, 8);
  const inflater = new ZlibInflater(FORGETS);
  await measure(`${size} bytes of JSON, ${deflated.length} compressed`, {
    'deflate, at once': () => now.deflate(message, true),
    'deflate, in the thread pool': async () => {
      await later.deflateLater(message);
    },
    'inflate, at once': () => {
      inflater.push(deflated, 0, deflated.length);
      if (inflater.read(ROOM, 0, ROOM.length) !== size) throw new Error('it is not what was sent');
      inflater.endMessage();
    },
  });
  const held = [];
  for (let i = 0; i < TRIES; i++) {
    const start = performance.now();
    const job = later.deflateLater(message);
    held.push((performance.now() - start) * 1000);
    await job;
  }
  const median = held.sort((a, b) => a - b)[TRIES / 2];
  console.log(`  a job in the thread pool keeps the calling thread for ${median.toFixed(0)} µs\n`);
}

/** Makes text as a feed sends it: it repeats itself, but never exactly. */
function quotes(size) {
  let text = '';
  for (let i = 0; text.length < size; i++) {
    const price = (100 + ((i * 7919) % 1000) / 100).toFixed(2);
    text += `{"symbol":"S${(i * 31) % 97}","price":${price},"volume":${(i * 104_729) % 10_007}},`;
  }
  return Buffer.from(text.slice(0, size));
}
