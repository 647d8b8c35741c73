import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
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
    [2 ** 20 + 1, 2 ** 21],
    [20 * 2 ** 20, 2 ** 25],
    [2 ** 27, 2 ** 27],
    [2 ** 27 + 1, 2 ** 27 + 1],
  ])('asked for %i bytes, lends a buffer of %i', (size, length) => {
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

  it('keeps one buffer of each size above 1 MiB, until garbage is collected', () => {
    const pool = new BytePool();
    const [first, second] = [pool.take(2 ** 21), pool.take(2 ** 21)];
    pool.give(first);
    pool.give(second);
    expect(pool.take(2 ** 22).length).toBe(2 ** 22);
    expect(pool.take(2 ** 21)).toBe(second);
    const third = pool.take(2 ** 21);
    expect(third === first || third === second).toBe(false);
  });

  it('lets go of a large buffer when garbage is collected', async () => {
    v8.setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const pool = new BytePool();
    let isCollected = false;
    const registry = new FinalizationRegistry(() => {
      isCollected = true;
    });
    (() => {
      const buffer = pool.take(2 ** 21);
      registry.register(buffer, undefined);
      pool.give(buffer);
    })();
    for (let i = 0; i < 100 && !isCollected; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      gc();
    }
    expect(isCollected).toBe(true);
  });

  it('keeps no buffer above 128 MiB', () => {
    const pool = new BytePool();
    const buffer = pool.take(2 ** 27 + 1);
    pool.give(buffer);
    expect(pool.take(2 ** 27 + 1) === buffer).toBe(false);
  });
});
