import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { nodeKernels } from '../../src/kernels/node.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import { Utf8Validator } from '../../src/protocol/utf8-validator.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

function isDecodable(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Validates in two pieces, of which the second begins at `cut`. */
function isValidInPieces(validator: Utf8Validator, bytes: Uint8Array, cut: number): boolean {
  const isValid = validator.push(bytes, 0, cut) && validator.push(bytes, cut, bytes.length);
  return validator.finish() && isValid;
}

/** Names the ways of validating that disagree with TextDecoder. */
function disagreements(bytes: Uint8Array, isScalarOnly = false): string[] {
  const expected = isDecodable(bytes);
  const found: string[] = [];
  const hex = Buffer.from(bytes).toString('hex');
  for (const kernels of isScalarOnly ? [scalarKernels] : [scalarKernels, nodeKernels()]) {
    if (kernels.isUtf8(bytes, 0, bytes.length) !== expected) found.push(`${hex} at once`);
    for (let cut = 0; cut <= bytes.length; cut++) {
      if (isValidInPieces(new Utf8Validator(kernels), bytes, cut) !== expected) {
        found.push(`${hex} cut at ${cut}`);
      }
    }
  }
  return found;
}

/** All sequences of that length over those bytes. */
function* sequences(alphabet: readonly number[], length: number): Generator<number[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const rest of sequences(alphabet, length - 1)) {
    for (const byte of alphabet) yield [...rest, byte];
  }
}

// The bytes on both sides of every boundary in RFC 3629 §4.
const THREE = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
  0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];
const FOUR = [0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xed, 0xf0, 0xf4];

describe('UTF-8 validation agrees with TextDecoder', () => {
  it('on every sequence of one or two bytes, at every split', () => {
    const all = Array.from({ length: 256 }, (_, byte) => byte);
    const wrong: string[] = [];
    for (const bytes of sequences(all, 1)) wrong.push(...disagreements(Uint8Array.from(bytes)));
    for (const bytes of sequences(all, 2)) wrong.push(...disagreements(Uint8Array.from(bytes)));
    expect(wrong).toEqual([]);
  });

  it.each([
    [3, THREE],
    [4, FOUR],
  ])('on sequences of %i bytes around every boundary, at every split', (length, alphabet) => {
    const wrong: string[] = [];
    for (const bytes of sequences(alphabet, length)) {
      wrong.push(...disagreements(Uint8Array.from(bytes), true));
    }
    expect(wrong).toEqual([]);
  });

  it('on random bytes and on random text with a byte changed, at every split', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((s) => new TextEncoder().encode(s));
    const damaged = fc
      .tuple(text, fc.nat(), fc.nat(255))
      .map(([bytes, at, byte]) => bytes.map((old, i) => (i === at % bytes.length ? byte : old)));
    fc.assert(
      fc.property(fc.oneof(text, damaged, fc.uint8Array({ maxLength: 12 })), (bytes) => {
        expect(disagreements(bytes)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('on random text in any pieces, also one byte at a time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 5 }), (text, size) => {
        const bytes = new TextEncoder().encode(text);
        const validator = new Utf8Validator(scalarKernels);
        for (let at = 0; at < bytes.length; at += size) {
          expect(validator.push(bytes, at, Math.min(at + size, bytes.length))).toBe(true);
        }
        expect(validator.finish()).toBe(true);
      }),
    );
  });
});

describe('Utf8Validator', () => {
  const kinds: readonly Kernels[] = [scalarKernels, nodeKernels()];

  it.each([
    ['an overlong form', [0xe0, 0x80]],
    ['a surrogate', [0xed, 0xa0]],
    ['a code point past U+10FFFF', [0xf4, 0x90]],
    ['a lead byte that never is one', [0x41, 0xf8]],
    ['a continuation byte without a lead', [0x41, 0x80]],
    ['a sequence broken off by ASCII', [0xe2, 0x82, 0x41]],
  ])('refuses %s before the sequence could be complete', (_, bytes) => {
    for (const kernels of kinds) {
      expect(new Utf8Validator(kernels).push(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
    }
  });

  it('refuses the bad second byte at its piece, one byte at a time', () => {
    const validator = new Utf8Validator(scalarKernels);
    const bytes = Uint8Array.from([0xf4, 0x90]);
    expect(validator.push(bytes, 0, 1)).toBe(true);
    expect(validator.push(bytes, 1, 2)).toBe(false);
  });

  it('refuses a text that ends inside a sequence, and is ready for the next', () => {
    const validator = new Utf8Validator(scalarKernels);
    expect(validator.push(Uint8Array.from([0xe0]), 0, 1)).toBe(true);
    expect(validator.finish()).toBe(false);
    // The range that the cut sequence set for its second byte does not count any more.
    expect(validator.push(Uint8Array.from([0xe1, 0x80, 0x80]), 0, 3)).toBe(true);
    expect(validator.finish()).toBe(true);
  });

  it('takes empty pieces anywhere', () => {
    const validator = new Utf8Validator(scalarKernels);
    const bytes = new TextEncoder().encode('€');
    expect(validator.push(bytes, 0, 0)).toBe(true);
    expect(validator.push(bytes, 0, 1)).toBe(true);
    expect(validator.push(bytes, 1, 1)).toBe(true);
    expect(validator.push(bytes, 1, 3)).toBe(true);
    expect(validator.finish()).toBe(true);
  });

  it('takes time in proportion to the length of a text in pieces', () => {
    const bytes = new TextEncoder().encode('€'.repeat(100_000));
    const validator = new Utf8Validator(nodeKernels());
    for (let at = 0; at < bytes.length; at += 1000) {
      expect(validator.push(bytes, at, Math.min(at + 1000, bytes.length))).toBe(true);
    }
    expect(validator.finish()).toBe(true);
  });
});
