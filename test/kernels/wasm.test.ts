import { describe, expect, it } from 'vitest';
import { createWasmKernel, WasmKernel } from '../../src/kernels/wasm.ts';

describe('WasmKernel.allocate', () => {
  it('gives out regions that begin at 64 bytes each and do not overlap', () => {
    const kernel = new WasmKernel(65_536);
    const first = kernel.allocate(1);
    const second = kernel.allocate(65);
    const third = kernel.allocate(64);
    expect([first?.byteOffset, second?.byteOffset, third?.byteOffset]).toEqual([0, 64, 192]);
    expect([first?.length, second?.length, third?.length]).toEqual([1, 65, 64]);
  });

  it('gives out the memory to its last byte, and undefined after that', () => {
    const kernel = new WasmKernel(65_536);
    expect(kernel.allocate(65_537)).toBeUndefined();
    expect(kernel.allocate(65_536)?.length).toBe(65_536);
    expect(kernel.allocate(1)).toBeUndefined();
  });

  it('rounds its memory up to whole pages', () => {
    expect(new WasmKernel(65_537).buffer.byteLength).toBe(2 * 65_536);
  });
});

describe('createWasmKernel', () => {
  it('makes a kernel', () => {
    expect(createWasmKernel(65_536)).toBeInstanceOf(WasmKernel);
  });

  it('returns undefined if there can be no kernel', () => {
    expect(createWasmKernel(2 ** 50)).toBeUndefined();
  });
});
