/**
 * Compares the ways to copy a message out of the receive buffer into memory of its own.
 *
 *   node bench/micro/copy.mjs
 */
import { nodeKernels } from '../../dist/internal/node-kernels.js';
import { measure } from './report.mjs';

const CALLS = 100;
const START = 100;
const buffer = nodeKernels().allocate(256 * 1024);
const plain = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
const { slice } = Uint8Array.prototype;

for (const size of [20, 64, 512, 4096, 65_536]) {
  const repeat = (task) => () => {
    for (let i = 0; i < CALLS; i++) task(START, START + size);
  };
  await measure(`${size} bytes, ${CALLS} times`, {
    'new Uint8Array of a view, Buffer': repeat(
      (from, to) => new Uint8Array(buffer.subarray(from, to)),
    ),
    'new Uint8Array of a view, plain': repeat(
      (from, to) => new Uint8Array(plain.subarray(from, to)),
    ),
    'slice, plain': repeat((from, to) => slice.call(plain, from, to)),
    'slice, Buffer': repeat((from, to) => slice.call(buffer, from, to)),
    'new Uint8Array and set, plain': repeat((from, to) => {
      new Uint8Array(to - from).set(plain.subarray(from, to));
    }),
  });
}
