/**
 * Memory that system calls can reach: regions of the WebAssembly memory in which the kernel masks.
 */
import { nodeKernels } from '../../kernels/node.ts';
import type { Region, WasmKernel } from '../../kernels/wasm.ts';

/**
 * Returns this thread's kernel.
 *
 * @throws Error where WebAssembly is missing
 */
export function callKernel(): WasmKernel {
  const { wasm } = nodeKernels();
  if (wasm === undefined) throw new Error('WebAssembly with SIMD is not available');
  return wasm;
}

/**
 * Allocates a region that lives as long as the thread.
 *
 * @throws Error where WebAssembly is missing
 */
export function allocateCallMemory(size: number): Region {
  const region = callKernel().allocate(size);
  if (region === undefined) throw new Error('the WebAssembly memory is used up');
  return region;
}
