import { describe, expect, it } from 'vitest';
import { OutputBuffer } from '../../src/protocol/output.ts';

describe('OutputBuffer', () => {
  it('keeps what was written when it grows', () => {
    const output = new OutputBuffer();
    output.bytes.fill(7, 0, 1000);
    output.position = 1000;
    output.reserve(5000);
    expect(output.limit - output.position).toBeGreaterThanOrEqual(5000);
    expect(output.take()).toEqual(new Uint8Array(1000).fill(7));
  });

  it('grows to at least twice its size, but only when there is no room', () => {
    const output = new OutputBuffer();
    const { limit } = output;
    output.reserve(limit);
    expect(output.limit).toBe(limit);
    output.reserve(limit + 1);
    expect(output.limit).toBe(2 * limit);
  });

  it('gives out each byte once, as a copy', () => {
    const output = new OutputBuffer();
    output.bytes[0] = 1;
    output.position = 1;
    const taken = output.take();
    output.bytes[0] = 2;
    expect([...taken]).toEqual([1]);
    expect(output.take()).toHaveLength(0);
  });
});
