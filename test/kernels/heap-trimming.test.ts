import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { runProgram } from '../support/run-program.ts';

const LARGE = 31 * 1024 * 1024;

describe.runIf(process.platform === 'linux')('a large block is taken and freed', () => {
  let allocate: MockInstance<typeof Buffer.allocUnsafeSlow>;

  beforeEach(() => {
    allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  });

  afterEach(() => allocate.mockRestore());

  it('at the first large message, once', async () => {
    // Another file may have seen the first one.
    vi.resetModules();
    const { preventTrimming } = await import('../../src/kernels/heap-trimming.ts');
    preventTrimming(16 * 1024 - 1);
    expect(allocate).not.toHaveBeenCalled();
    allocate.mockImplementationOnce(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    preventTrimming(16 * 1024);
    expect(allocate).toHaveBeenCalledOnce();
    expect(allocate.mock.lastCall?.[0]).toBeGreaterThan(LARGE);
    preventTrimming(1024 * 1024);
    expect(allocate).toHaveBeenCalledOnce();
  });

  // A bundler may drop a call that seems to have no effect.
  it('by the built package too', async () => {
    const { lines } = await runProgram(`
      const { allocUnsafeSlow } = Buffer;
      const sizes = [];
      Buffer.allocUnsafeSlow = (size) => {
        sizes.push(size);
        return allocUnsafeSlow(size);
      };
      const { nodeKernels } = await import('./dist/internal/node-kernels.js');
      for (let i = 0; i < 3; i++) nodeKernels().createBytes(64 * 1024);
      console.log(sizes.filter((size) => size > ${LARGE}).length);`);
    expect(lines).toEqual(['1']);
  });
});
