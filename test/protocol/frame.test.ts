import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  headerLength,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER_LENGTH,
  Opcode,
  serializeFrameHeader,
} from '../../src/protocol/frame.ts';
import { frame, KEY } from '../support/frames.ts';

const NUMBER_OF_KEY = 0x3d21fa37;

function header(head: number, length: number, key: number): number[] {
  const bytes = new Uint8Array(20).fill(0xaa);
  const end = serializeFrameHeader(bytes, 3, head, length, key);
  expect(bytes.subarray(0, 3).every((octet) => octet === 0xaa)).toBe(true);
  expect(bytes.subarray(end).every((octet) => octet === 0xaa)).toBe(true);
  return [...bytes.subarray(3, end)];
}

describe('serializeFrameHeader', () => {
  it.each([
    ['an unmasked text frame', 0x81, 5, -1, [0x81, 0x05]],
    ['a masked text frame', 0x81, 5, NUMBER_OF_KEY, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d]],
    ['256 bytes', 0x82, 256, -1, [0x82, 0x7e, 0x01, 0x00]],
    ['64 KiB', 0x82, 65_536, -1, [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('writes %s as RFC 6455 §5.7 has it', (_, head, length, key, expected) => {
    expect(header(head, length, key)).toEqual(expected);
  });

  it('uses the fewest bytes for every length, masked or not (RFC 6455 §5.2)', () => {
    const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
    const large = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...lengths), large),
        fc.boolean(),
        (length, isMasked) => {
          const expected = frame({
            opcode: 2,
            length: BigInt(length),
            key: isMasked ? KEY : undefined,
          });
          expect(header(0x82, length, isMasked ? NUMBER_OF_KEY : -1)).toEqual([...expected]);
          expect(headerLength(length, isMasked)).toBe(expected.length);
          expect(expected.length).toBeLessThanOrEqual(MAX_HEADER_LENGTH);
        },
      ),
    );
  });

  it('writes keys whose highest bit is set, and the key of zeros', () => {
    expect(header(0x81, 0, 0xfffefdfc)).toEqual([0x81, 0x80, 0xfc, 0xfd, 0xfe, 0xff]);
    expect(header(0x81, 0, 0)).toEqual([0x81, 0x80, 0, 0, 0, 0]);
  });
});

describe('the constants of framing', () => {
  it('are those of RFC 6455 §5.2 and §5.5', () => {
    expect(Opcode).toEqual({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });
    expect(MAX_CONTROL_PAYLOAD).toBe(125);
  });
});
