import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedRings } from '../../../src/blocking/worker/shared-ring.ts';

const SIZE = 64 * 1024;

describe('memory shared by two threads', () => {
  it('gives bytes out in the order they were put in, whatever the pieces', () => {
    const piece = fc.record({ put: fc.nat(SIZE), taken: fc.nat(SIZE) });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { inbound } = new SharedRings();
        let next = 0;
        let expected = 0;
        for (const { put, taken } of pieces) {
          const bytes = Uint8Array.from({ length: put }, (_, i) => (next + i) % 251);
          const room = SIZE - inbound.length;
          const accepted = inbound.put(bytes, 0);
          expect(accepted).toBe(Math.min(put, room));
          next = (next + accepted) % 251;
          const size = Math.min(taken, inbound.length);
          const target = new Uint8Array(size);
          inbound.take(target, size);
          const wrong = target.findIndex((byte, i) => byte !== (expected + i) % 251);
          expect(wrong).toBe(-1);
          expected = (expected + size) % 251;
        }
      }),
      { numRuns: 30 },
    );
  });

  it('puts in from the middle of a piece what had no room before', () => {
    const { outbound } = new SharedRings();
    const bytes = Uint8Array.from({ length: SIZE + 10 }, (_, i) => i % 251);
    expect(outbound.put(bytes, 0)).toBe(SIZE);
    outbound.drop(4);
    expect(outbound.put(bytes, SIZE)).toBe(4);
    outbound.drop(SIZE - 4);
    expect([...outbound.view()]).toEqual([...bytes.subarray(SIZE, SIZE + 4)]);
  });

  it('goes on when its counters wrap', () => {
    const rings = new SharedRings();
    // Sets both counters of the inbound ring to just before they wrap.
    new Int32Array(rings.memory).fill(2 ** 31 - 5, 4, 6);
    expect(rings.inbound.put(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0)).toBe(8);
    expect(rings.inbound).toHaveLength(8);
    const target = new Uint8Array(8);
    rings.inbound.take(target, 8);
    expect([...target]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(rings.inbound).toHaveLength(0);
  });

  it('is seen by who shares it', () => {
    const here = new SharedRings();
    const there = new SharedRings(here.memory);
    there.beginIdle();
    expect([here.endIdle(), here.endIdle()]).toEqual([true, false]);
    there.requestRoom();
    expect([here.takeRoomRequest(), here.takeRoomRequest()]).toEqual([true, false]);
    there.end(false);
    expect([here.hasEnded, here.isLost]).toEqual([true, false]);
    there.end(true);
    expect([here.hasEnded, here.isLost]).toEqual([true, true]);
  });

  it('does not sleep where there has been news', () => {
    const rings = new SharedRings();
    const { news } = rings;
    rings.announce();
    const begun = performance.now();
    rings.awaitNews(news, 5000);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
