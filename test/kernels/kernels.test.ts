// The same tests for every implementation of the interface, against the plainest reading of the RFCs.
import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { NodeKernels, nodeKernels } from '../../src/kernels/node.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';

const KERNEL_MEMORY = nodeKernels().allocate(300_000);
const ORDINARY_MEMORY = new Uint8Array(300_000);

const IMPLEMENTATIONS: readonly [string, Kernels, Uint8Array][] = [
  ['scalar kernels', scalarKernels, ORDINARY_MEMORY],
  ['Node.js kernels in kernel memory', nodeKernels(), KERNEL_MEMORY],
  ['Node.js kernels in ordinary memory', nodeKernels(), ORDINARY_MEMORY],
  ['Node.js kernels without WebAssembly', new NodeKernels(undefined), ORDINARY_MEMORY],
];
const KEYS = [0x3d21fa37, 0xffffffff, 0x80000001, 0];

/** RFC 6455 §5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", where j = i MOD 4. */
function maskNaively(payload: Uint8Array, key: number, phase: number): Uint8Array {
  const octets = [key & 0xff, (key >>> 8) & 0xff, (key >>> 16) & 0xff, key >>> 24];
  return payload.map((octet, i) => octet ^ (octets[(i + phase) % 4] as number));
}

/** Bytes that look random, the same in every run. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Masks `length` bytes at `offset`; tells whether these are right and all others are unchanged. */
function masksRightly(
  kernels: Kernels,
  memory: Uint8Array,
  range: { offset: number; length: number },
  key: number,
  phase: number,
): boolean {
  const { offset, length } = range;
  const total = offset + length + 17;
  const before = noise(total);
  const expected = before.slice();
  expected.set(maskNaively(before.subarray(offset, offset + length), key, phase), offset);
  memory.set(before);
  kernels.mask(memory, offset, offset + length, key, phase);
  return Buffer.compare(memory.subarray(0, total), expected) === 0;
}

describe.each(IMPLEMENTATIONS)('masking with %s', (_, kernels, memory) => {
  it('agrees with RFC 6455 §5.3 at all lengths to 130, offsets to 15 and phases', () => {
    const wrong: string[] = [];
    for (let length = 0; length <= 130; length++) {
      for (let offset = 0; offset <= 15; offset++) {
        for (let phase = 0; phase <= 3; phase++) {
          const key = KEYS[(length + offset) % 2] as number;
          if (!masksRightly(kernels, memory, { offset, length }, key, phase)) {
            wrong.push(`length ${length}, offset ${offset}, phase ${phase}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([511, 512, 513, 4095, 4096, 4097, 4098, 4099, 4100, 65_535, 65_536, 65_537, 200_000])(
    'agrees with RFC 6455 §5.3 on %i bytes in all phases',
    (length) => {
      for (let phase = 0; phase <= 3; phase++) {
        const range = { offset: phase, length };
        expect(masksRightly(kernels, memory, range, 0x3d21fa37, phase), `phase ${phase}`).toBe(
          true,
        );
      }
    },
  );

  it.each(KEYS)('takes the key %i, as a signed integer too', (key) => {
    for (const length of [5, 100, 1000]) {
      expect(masksRightly(kernels, memory, { offset: 1, length }, key, 0)).toBe(true);
      expect(masksRightly(kernels, memory, { offset: 1, length }, key | 0, 3)).toBe(true);
    }
  });

  it('counts only the lowest two bits of the phase', () => {
    for (const phase of [4, 7, 65_537, 2 ** 31 + 2]) {
      expect(
        masksRightly(kernels, memory, { offset: 0, length: 600 }, KEYS[0] as number, phase),
      ).toBe(true);
    }
  });

  it('masks a view that begins inside its memory', () => {
    const view = memory.subarray(1000);
    for (const length of [3, 64, 700]) {
      expect(masksRightly(kernels, view, { offset: 5, length }, KEYS[0] as number, 1)).toBe(true);
    }
  });

  it('gives the same bytes masked in pieces as masked at once', () => {
    const payload = noise(700);
    for (let cut = 0; cut <= 700; cut += 7) {
      memory.set(payload);
      kernels.mask(memory, 0, cut, 0x3d21fa37, 0);
      kernels.mask(memory, cut, 700, 0x3d21fa37, cut);
      expect(Buffer.compare(memory.subarray(0, 700), maskNaively(payload, 0x3d21fa37, 0))).toBe(0);
    }
  });
});

const TEXTS = [
  '',
  'plain',
  'é',
  '€uro',
  '😀 and 👩‍👩‍👧',
  '\u0000\u007f\u0080\u07ff\u0800\uffff',
  '\ufeffbyte order mark',
  'lone \ud800 and \udc00 surrogates \ud800',
  'x'.repeat(5000),
  '€'.repeat(5000),
];

describe.each(IMPLEMENTATIONS)('text with %s', (_, kernels, memory) => {
  it.each(TEXTS)('measures and writes %j as TextEncoder does', (text) => {
    const expected = new TextEncoder().encode(text);
    expect(kernels.utf8Length(text)).toBe(expected.length);
    memory.fill(0xaa, 0, expected.length + 20);
    expect(kernels.writeUtf8(text, memory, 7)).toBe(expected.length);
    expect(Buffer.compare(memory.subarray(7, 7 + expected.length), expected)).toBe(0);
    expect(memory[6]).toBe(0xaa);
    expect(memory[7 + expected.length]).toBe(0xaa);
  });

  it('validates exactly the range it is given', () => {
    memory.set([0xff, 0x41, 0xe2, 0x82, 0xac, 0xff]);
    expect(kernels.isUtf8(memory, 1, 5)).toBe(true);
    expect(kernels.isUtf8(memory, 1, 4)).toBe(false);
    expect(kernels.isUtf8(memory, 1, 6)).toBe(false);
    expect(kernels.isUtf8(memory, 0, 5)).toBe(false);
    expect(kernels.isUtf8(memory, 0, 0)).toBe(true);
  });
});

describe.each(IMPLEMENTATIONS)('bytes made by %s', (_, kernels) => {
  it('have memory of their own, which a program may transfer', () => {
    for (const size of [0, 1, 100, 70_000]) {
      const bytes = kernels.createBytes(size);
      expect(bytes.length).toBe(size);
      // Not a Buffer, whose slice does not copy.
      expect(bytes.constructor).toBe(Uint8Array);
      expect(bytes.buffer.byteLength).toBe(size);
      expect(bytes.buffer).not.toBe(kernels.createBytes(size).buffer);
    }
  });
});
