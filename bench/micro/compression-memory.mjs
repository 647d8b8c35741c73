/**
 * Measures the resident memory of a connection that has compressed and decompressed a message, for different
 * parameters of the compression.
 *
 *   node --expose-gc bench/micro/compression-memory.mjs
 */
import { constants, deflateRawSync } from 'node:zlib';
import { ZlibDeflater, ZlibInflater } from '../../dist/internal/compression.js';

const CONNECTIONS = 300;
const MESSAGE = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i * 31) & 0x7f));
const DEFLATED = deflateRawSync(MESSAGE, { finishFlush: constants.Z_SYNC_FLUSH });
const ROOM = Buffer.alloc(2 * MESSAGE.length);

for (const [name, parameters, level, memLevel] of [
  [
    'context kept, window of 15 bits (default)',
    { noContextTakeover: false, windowBits: 15 },
    -1,
    8,
  ],
  [
    'context kept, window of 12 bits, memLevel 5',
    { noContextTakeover: false, windowBits: 12 },
    -1,
    5,
  ],
  [
    'context kept, window of 9 bits, memLevel 1',
    { noContextTakeover: false, windowBits: 9 },
    -1,
    1,
  ],
  ['no context takeover', { noContextTakeover: true, windowBits: 15 }, -1, 8],
]) {
  const codecs = [];
  const each = (make) => {
    const before = residentMemory();
    for (let i = 0; i < CONNECTIONS; i++) codecs.push(make());
    return ((residentMemory() - before) / CONNECTIONS / 1024).toFixed(1);
  };
  const sending = each(() => {
    const deflater = new ZlibDeflater(parameters, level, memLevel);
    deflater.deflate(MESSAGE, true);
    return deflater;
  });
  const receiving = each(() => {
    const inflater = new ZlibInflater({ ...parameters, windowBits: 15 });
    inflater.push(DEFLATED, 0, DEFLATED.length);
    inflater.read(ROOM, 0, ROOM.length);
    inflater.endMessage();
    return inflater;
  });
  console.log(`${name}: ${sending} KiB to send, ${receiving} KiB to receive`);
  for (const codec of codecs) codec.release();
}

function residentMemory() {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}
