import { describe, expect, it } from 'vitest';
import { MaskingKeys } from '../../src/protocol/masking-keys.ts';

describe('MaskingKeys', () => {
  it('hands out each key once and draws anew when they are used up', () => {
    let drawn = 0;
    const keys = new MaskingKeys((bytes) => {
      expect(bytes.length).toBe(12);
      drawn++;
      new Uint32Array(bytes.buffer).set([drawn * 10, drawn * 10 + 1, drawn * 10 + 2]);
    }, 3);
    expect(drawn).toBe(0);
    expect(Array.from({ length: 7 }, () => keys.next())).toEqual([10, 11, 12, 20, 21, 22, 30]);
    expect(drawn).toBe(3);
  });

  it('hands out unsigned numbers', () => {
    const keys = new MaskingKeys((bytes) => bytes.fill(0xff), 1);
    expect(keys.next()).toBe(2 ** 32 - 1);
  });

  it('forgets a key once it is handed out', () => {
    let memory: Uint8Array | undefined;
    const keys = new MaskingKeys((bytes) => {
      memory = bytes;
      bytes.fill(0x11);
    }, 2);
    keys.next();
    expect([...(memory as Uint8Array)]).toEqual([0, 0, 0, 0, 0x11, 0x11, 0x11, 0x11]);
  });
});
