import { describe, expect, it } from 'vitest';
import { maxSecond, minSecond, rotateKey, sequenceLength } from '../../src/kernels/scalar.ts';

describe('rotateKey', () => {
  it.each([
    [0, 0x44332211],
    [1, 0x11443322],
    [2, 0x22114433],
    [3, 0x33221144],
    [4, 0x44332211],
    [7, 0x33221144],
  ])('brings the octet for payload byte %i to the lowest place', (phase, expected) => {
    expect(rotateKey(0x44332211, phase) >>> 0).toBe(expected);
  });
});

/** Whether any well-formed sequence begins with these bytes, by asking a decoder. */
function beginsSequence(bytes: readonly number[]): boolean {
  return [0, 1, 2].some((more) => {
    try {
      const tail = Array.from({ length: more }, () => 0x80);
      new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from([...bytes, ...tail]));
      return true;
    } catch {
      return false;
    }
  });
}

describe('the table of well-formed byte sequences (RFC 3629 §4)', () => {
  it('knows how long a sequence is for every lead byte', () => {
    for (let lead = 0; lead < 256; lead++) {
      const lengths = [1, 2, 3, 4].filter((length) => {
        const bytes = [lead, 0x90, 0x80, 0x80].slice(0, length);
        if (lead === 0xe0) bytes[1] = 0xa0;
        if (lead === 0xf4) bytes[1] = 0x80;
        return length === 1 ? lead < 0x80 : beginsExactly(bytes);
      });
      expect(sequenceLength(lead), `0x${lead.toString(16)}`).toBe(lengths[0] ?? 0);
    }
  });

  it('knows which second bytes may follow every lead byte', () => {
    for (let lead = 0xc2; lead <= 0xf4; lead++) {
      for (let second = 0; second < 256; second++) {
        const isInRange = second >= minSecond(lead) && second <= maxSecond(lead);
        expect(isInRange, `0x${lead.toString(16)} 0x${second.toString(16)}`).toBe(
          beginsSequence([lead, second]),
        );
      }
    }
  });
});

function beginsExactly(bytes: readonly number[]): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes),
    );
    return [...text].length === 1;
  } catch {
    return false;
  }
}
