/**
 * Measures masking: from which size on a call into WebAssembly pays, in kernel memory and outside of it.
 *
 *   node bench/micro/mask.mjs
 */
import { nodeKernels } from '../../dist/internal/node-kernels.js';
import { maskScalar } from '../../dist/internal/scalar.js';
import { measure } from './report.mjs';

const KEY = 0x1234_5678;
/** Calls that are timed together, since a single one would be too short for the clock. */
const CALLS = 100;
const kernels = nodeKernels();
const inside = kernels.allocate(1024 * 1024);
const outside = Buffer.alloc(1024 * 1024);

for (const size of [16, 32, 48, 64, 96, 128, 256, 512, 1024, 4096, 65_536, 1024 * 1024]) {
  const calls = size > 4096 ? 1 : CALLS;
  const repeat = (task) => () => {
    for (let i = 0; i < calls; i++) task();
  };
  await measure(`${size} bytes, ${calls} times`, {
    'JavaScript, in kernel memory': repeat(() => maskScalar(inside, 0, size, KEY, 0)),
    'WebAssembly, in kernel memory': repeat(() =>
      kernels.wasm.maskAt(inside.byteOffset, size, KEY),
    ),
    'JavaScript, elsewhere': repeat(() => maskScalar(outside, 0, size, KEY, 0)),
    'the kernels’ choice, elsewhere': repeat(() => kernels.mask(outside, 0, size, KEY, 0)),
  });
}
