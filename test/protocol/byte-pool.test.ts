import { describe, expect, it } from 'vitest';
import { BytePool } from '../../src/protocol/byte-pool.ts';

describe('BytePool', () => {
  it.each([
    [1, 1024],
    [1024, 1024],
    [1025, 2048],
    [65_536, 65_536],
    [65_537, 131_072],
    [2 ** 20 - 1, 2 ** 20],
    [2 ** 20, 2 ** 20],
    [2 ** 20 + 1, 2 ** 20 + 1],
  ])('lends for %i bytes a buffer of %i', (size, length) => {
    expect(new BytePool().take(size).length).toBe(length);
  });

  it('lends again what was given back, to one borrower at a time', () => {
    const pool = new BytePool();
    const buffer = pool.take(1000);
    pool.give(buffer);
    expect(pool.take(600)).toBe(buffer);
    expect(pool.take(600)).not.toBe(buffer);
  });

  it('does not lend a buffer for more than its size', () => {
    const pool = new BytePool();
    pool.give(pool.take(1000));
    expect(pool.take(3000).length).toBe(4096);
  });

  it('keeps four buffers of a size and lets the rest go', () => {
    const pool = new BytePool();
    const lent = Array.from({ length: 6 }, () => pool.take(1024));
    for (const buffer of lent) pool.give(buffer);
    const again = Array.from({ length: 6 }, () => pool.take(1024));
    expect(again.filter((buffer) => lent.includes(buffer))).toHaveLength(4);
  });

  it('keeps no buffer above 1 MiB', () => {
    const pool = new BytePool();
    const buffer = pool.take(2 ** 20 + 1);
    pool.give(buffer);
    expect(pool.take(2 ** 20 + 1) === buffer).toBe(false);
  });
});
