// Every kernel, compared with a plain implementation of the same work.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MessageReader, scalarKernels } from 'wirespeed/protocol';
import { NodeKernels, nodeKernels } from '../../../dist/internal/node-kernels.js';
import { fromHex, piecesOf, toHex } from '../bytes.mjs';
import { sizes, textBytes } from '../frames.mjs';

const node = nodeKernels();
const KERNELS = { scalar: scalarKernels, simd: node, withoutSimd: new NodeKernels(undefined) };
/** Memory of the SIMD kernel, in which it masks in place. */
const inside = node.allocate(300_000);
const LENGTHS = [63, 64, 65, 127, 128, 511, 512, 513, 4096, 65_535, 65_536, 65_537, 200_000];

function checkMask({ kernels, place, start, length, key, phase, seed }) {
  const size = start + length + 16;
  const bytes = place === 'inside' ? inside.subarray(0, size) : new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (seed + 31 * i) & 0xff;
  const expected = Uint8Array.from(bytes, (byte, i) => {
    const at = i - start;
    // RFC 6455 §5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", where j is i modulo 4.
    return at < 0 || at >= length ? byte : byte ^ ((key >>> (8 * ((at + phase) & 3))) & 0xff);
  });
  KERNELS[kernels].mask(bytes, start, start + length, key, phase);
  assert(Buffer.compare(bytes, expected) === 0, 'the bytes differ from the plain way of masking');
}

export const masking = {
  name: 'mask',
  about:
    'every masking kernel does what RFC 6455 §5.3 says, byte by byte, and touches nothing else',
  arbitrary: fc.record({
    kernels: fc.constantFrom(...Object.keys(KERNELS)),
    place: fc.constantFrom('inside', 'outside'),
    start: fc.nat(40),
    length: fc.oneof(
      { weight: 20, arbitrary: fc.nat(1200) },
      { weight: 1, arbitrary: fc.constantFrom(...LENGTHS) },
    ),
    key: fc.oneof(fc.integer(), fc.nat(0xffffffff)),
    phase: fc.oneof(fc.nat(3), fc.nat(100_000)),
    seed: fc.nat(255),
  }),
  check: checkMask,
};

const decoder = new TextDecoder('utf-8', { fatal: true });

function isRight(bytes) {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether bytes may begin a valid text: some ending makes them valid. */
function mayBegin(bytes) {
  const ends = [
    '',
    '80',
    '8080',
    '808080',
    'a080',
    'a08080',
    '9080',
    '908080',
    'bf',
    'bf80',
    'bf8080',
  ];
  return ends.some((end) => isRight(Buffer.concat([bytes, Buffer.from(end, 'hex')])));
}

/** Gives a text message in pieces to a message reader. Returns after how many bytes it failed. */
function failsAfter(kernels, bytes, pieces) {
  let isFailed = false;
  let isDelivered = false;
  const consumer = {
    onMessage(from, start, end, isText) {
      assert(isText && toHex(from, start, end) === toHex(bytes), 'another text is delivered');
      isDelivered = true;
    },
    onFrame: () => assert.fail('a frame is delivered'),
    fail(error) {
      assert.equal(error.closeCode, 1007);
      isFailed = true;
    },
  };
  const reader = new MessageReader(
    kernels,
    consumer,
    { maxMessageSize: 1e6, maxFragments: 9 },
    false,
  );
  assert(reader.beginFrame(true, 1, bytes.length));
  let given = 0;
  for (const piece of pieces) {
    given += piece.length;
    reader.receivePart(piece, 0, piece.length, given === bytes.length);
    if (isFailed) return given;
  }
  assert(isDelivered, 'neither failed nor delivered');
  return undefined;
}

function checkText({ kernels, text, sizes: pieceSizes }) {
  const bytes = fromHex(text);
  const right = isRight(bytes);
  assert.equal(KERNELS[kernels].isUtf8(bytes, 0, bytes.length), right, 'at once');
  const padded = Buffer.concat([Buffer.from('ff', 'hex'), bytes, Buffer.from('80', 'hex')]);
  assert.equal(KERNELS[kernels].isUtf8(padded, 1, padded.length - 1), right, 'in larger memory');
  const pieces = bytes.length === 0 ? [bytes] : [...piecesOf(bytes, pieceSizes)];
  const failed = failsAfter(KERNELS[kernels], bytes, pieces);
  assert.equal(failed === undefined, right, 'in pieces');
  if (right) return;
  // It must have failed at the first piece after which no ending can make the text valid.
  let given = 0;
  for (const piece of pieces) {
    given += piece.length;
    const isLost = given === bytes.length || !mayBegin(bytes.subarray(0, given));
    assert.equal(failed === given, isLost, `after ${given} bytes`);
    if (isLost) return;
  }
}

export const utf8 = {
  name: 'utf8',
  about: 'every validator of UTF-8 agrees with TextDecoder, in any pieces and as early as can be',
  arbitrary: fc.record({
    kernels: fc.constantFrom(...Object.keys(KERNELS)),
    text: fc
      .oneof(
        textBytes,
        fc.uint8Array({ maxLength: 12 }),
        fc.array(textBytes, { maxLength: 4 }).map((parts) => Buffer.concat(parts)),
      )
      .map((bytes) => toHex(bytes)),
    sizes,
  }),
  streams: ['text'],
  check: checkText,
};

const surrogates = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom('\ud83d', '\ude00', 'a', 'é', '€'),
  ),
  maxLength: 60,
});

function checkEncoding({ kernels, text, offset }) {
  const expected = Buffer.from(text, 'utf8');
  const { utf8Length, writeUtf8 } = KERNELS[kernels];
  assert.equal(utf8Length.call(KERNELS[kernels], text), expected.length);
  const room = new Uint8Array(offset + expected.length + 3 * text.length + 4).fill(0xa5);
  assert.equal(writeUtf8.call(KERNELS[kernels], text, room, offset), expected.length);
  assert.equal(toHex(room, offset, offset + expected.length), toHex(expected));
  assert(
    room.subarray(0, offset).every((byte) => byte === 0xa5),
    'written before the offset',
  );
}

export const encoding = {
  name: 'encode-text',
  about: 'any string, unpaired surrogates too, is encoded as UTF-8 by every kernel alike',
  arbitrary: fc.record({
    kernels: fc.constantFrom(...Object.keys(KERNELS)),
    text: surrogates,
    offset: fc.nat(20),
  }),
  check: checkEncoding,
};
