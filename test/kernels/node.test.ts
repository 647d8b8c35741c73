import { describe, expect, it } from 'vitest';
import { NodeKernels, nodeKernels } from '../../src/kernels/node.ts';
import { WasmKernel } from '../../src/kernels/wasm.ts';

describe('nodeKernels', () => {
  it('makes one instance per thread, with WebAssembly', () => {
    expect(nodeKernels()).toBe(nodeKernels());
    expect(nodeKernels().wasm).toBeInstanceOf(WasmKernel);
  });
});

describe('NodeKernels.allocate', () => {
  it('gives out kernel memory first, and ordinary memory when that is used up', () => {
    const wasm = new WasmKernel(128 * 1024);
    const kernels = new NodeKernels(wasm);
    expect(kernels.allocate(32 * 1024).buffer).toBe(wasm.buffer);
    const region = kernels.allocate(64 * 1024);
    expect(region.length).toBe(64 * 1024);
    expect(region.buffer).not.toBe(wasm.buffer);
  });

  it('gives out ordinary memory where there is no WebAssembly', () => {
    const region = new NodeKernels(undefined).allocate(100);
    expect(region.length).toBe(100);
    // Memory of its own, not a part of the pool of Buffers.
    expect(region.buffer.byteLength).toBe(100);
  });
});

describe('NodeKernels.allocateSpare', () => {
  it('keeps a reserve of kernel memory for what a thread has once', () => {
    const wasm = new WasmKernel(2 * 1024 * 1024 + 256 * 1024);
    const kernels = new NodeKernels(wasm);
    expect(kernels.allocateSpare(128 * 1024).buffer).toBe(wasm.buffer);
    expect(kernels.allocateSpare(128 * 1024).buffer).not.toBe(wasm.buffer);
    expect(kernels.allocate(1024 * 1024).buffer).toBe(wasm.buffer);
  });

  it('gives out ordinary memory where there is no WebAssembly', () => {
    expect(new NodeKernels(undefined).allocateSpare(100).buffer.byteLength).toBe(100);
  });
});

describe('NodeKernels.mask', () => {
  it('changes no memory that was given out', () => {
    const kernels = new NodeKernels(new WasmKernel(256 * 1024));
    const other = kernels.allocate(64 * 1024).fill(0x55);
    kernels.mask(new Uint8Array(200_000), 0, 200_000, 0x3d21fa37, 0);
    expect(other.every((octet) => octet === 0x55)).toBe(true);
  });
});
