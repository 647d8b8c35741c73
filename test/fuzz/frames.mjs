// Arbitraries for frames of every kind: right, nearly right and wrong ones.
import fc from 'fast-check';
import { toHex } from './bytes.mjs';

/** Pieces of text that validators of UTF-8 get wrong. */
const TEXT_PIECES = [
  '61',
  'c3a9',
  'e282ac',
  'f09f9880',
  'efbbbf',
  '00',
  '7f',
  'f48fbfbf',
  'ed9fbf',
  'ee8080',
  'c2',
  'e282',
  'f09f',
  'f09f98',
  '80',
  'bf',
  'c080',
  'c1bf',
  'e09fbf',
  'eda080',
  'edbfbf',
  'f08fbfbf',
  'f4908080',
  'f5',
  'ff',
];
/** Lengths around those at which the header's form changes. */
const EDGES = [124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537];
const CODES = [0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999];
const MORE_CODES = [3000, 4000, 4999, 5000, 65_535];
const DECLARED = [
  '0',
  '1',
  '125',
  '126',
  '127',
  '65535',
  '65536',
  '1000000',
  '1048577',
  '4294967295',
];
const HUGE = ['4294967296', '9007199254740991', '9007199254740993', '9223372036854775807'];
const OVERFLOWING = ['9223372036854775808', '18446744073709551615'];

/** The bytes of text that is well-formed or nearly so. */
export const textBytes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
  fc
    .array(fc.constantFrom(...TEXT_PIECES), { maxLength: 12 })
    .map((pieces) => Buffer.from(pieces.join(''), 'hex')),
);

/** The bytes of well-formed text: like `textBytes`, without the wrong pieces. */
export const rightText = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES).map((length) => 'é'.repeat(length / 2)) },
);

const shortBytes = fc.uint8Array({ maxLength: 20 });

/** Payloads of any bytes, some with a length around which the header's form changes. */
export const anyBytes = fc.oneof(
  { weight: 12, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...EDGES), fc.nat(255))
      .map(([length, first]) => Uint8Array.from({ length }, (_, i) => (first + i) & 0x7f)),
  },
);

const rsv = fc.oneof(
  { weight: 30, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(7) },
);
const mostly = fc.oneof(
  { weight: 3, arbitrary: fc.constant(true) },
  { weight: 1, arbitrary: fc.boolean() },
);
/** How a length is declared; nothing means rightly. */
const declaration = fc.oneof(
  { weight: 40, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ form: fc.constantFrom(2, 8) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      form: fc.constant(8),
      length: fc.constantFrom(...DECLARED, ...HUGE, ...OVERFLOWING),
    }),
  },
);
const masking = fc.oneof(
  { weight: 40, arbitrary: fc.constant('as due') },
  { weight: 4, arbitrary: fc.constant('zero') },
  { weight: 1, arbitrary: fc.constant('wrong') },
);

const dataFrame = fc.record({
  opcode: fc.constantFrom(0, 0, 1, 2),
  payload: fc.oneof(textBytes, anyBytes),
  isFinal: mostly,
});
const pingFrame = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 126 }),
  isFinal: fc.oneof({ weight: 20, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: mostly }),
});
const closeFrame = fc.record({
  opcode: fc.constant(8),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc
      .tuple(fc.constantFrom(...CODES, ...MORE_CODES), textBytes)
      .map(([code, reason]) => Uint8Array.from([code >> 8, code & 0xff, ...reason])),
  ),
  isFinal: fc.constant(true),
});
const reservedFrame = fc.record({
  opcode: fc.nat(15),
  payload: fc.uint8Array({ maxLength: 8 }),
  isFinal: fc.boolean(),
});

/** One frame, more often right than not. */
export const anyFrame = fc
  .tuple(
    fc.oneof(
      { weight: 24, arbitrary: dataFrame },
      { weight: 8, arbitrary: pingFrame },
      { weight: 2, arbitrary: closeFrame },
      { weight: 1, arbitrary: reservedFrame },
    ),
    rsv,
    declaration,
    masking,
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
  )
  .map(([fields, bits, declared, mask, key]) => ({ ...fields, rsv: bits, declared, mask, key }));

/** Writes one frame straight from the diagram in RFC 6455 §5.2, right or wrong. */
export function writeFrame(receiver, fields) {
  const { opcode, payload, isFinal = true, rsv: bits = 0, declared, mask = 'as due' } = fields;
  const length = BigInt(declared?.length ?? payload.length);
  const form = declared?.form ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const isMasked = (receiver === 'server') !== (mask === 'wrong');
  const key = mask === 'zero' ? [0, 0, 0, 0] : (fields.key ?? [1, 2, 3, 4]);
  const head = [(isFinal ? 0x80 : 0) | (bits << 4) | opcode];
  head.push((isMasked ? 0x80 : 0) | (form === 0 ? Number(length) : form === 2 ? 126 : 127));
  for (let i = form - 1; i >= 0; i--) head.push(Number((length >> BigInt(8 * i)) & 0xffn));
  if (!isMasked) return Buffer.concat([Buffer.from(head), payload]);
  // RFC 6455 §5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", where j is i modulo 4.
  const masked = Uint8Array.from(payload, (octet, i) => octet ^ key[i % 4]);
  return Buffer.concat([Buffer.from([...head, ...key]), masked]);
}

const changes = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({
        kind: fc.constantFrom('set', 'flip', 'insert', 'delete', 'double', 'cut'),
        at: fc.nat(0xffff),
        value: fc.nat(255),
        count: fc.integer({ min: 1, max: 20 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  },
);

/** Damages bytes as a broken network or a bad program would. */
function damaged(bytes, list) {
  let changed = Buffer.from(bytes);
  for (const { kind, at, value, count } of list) {
    if (changed.length === 0) break;
    const from = at % changed.length;
    const before = changed.subarray(0, from);
    const after = changed.subarray(from);
    if (kind === 'set') changed[from] = value;
    else if (kind === 'flip') changed[from] ^= 1 << (value & 7);
    else if (kind === 'insert') changed = Buffer.concat([before, Buffer.from([value]), after]);
    else if (kind === 'delete') changed = Buffer.concat([before, after.subarray(count)]);
    else if (kind === 'cut') changed = before;
    else changed = Buffer.concat([before, after.subarray(0, count), after]);
  }
  return changed;
}

/** Some bytes, sometimes damaged. */
export function withDamage(bytes) {
  return fc.tuple(bytes, changes).map(([right, list]) => damaged(right, list));
}

/** A right message in fragments, sometimes with a ping inside. */
const fragments = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.array(
      fc.oneof(
        rightText.map((text) => Buffer.from(text)),
        shortBytes,
      ),
      {
        minLength: 2,
        maxLength: 5,
      },
    ),
    fc.option(pingFrame, { freq: 3 }),
  )
  .map(([opcode, payloads, ping]) => {
    const frames = payloads.map((payload, i) => ({
      opcode: i === 0 ? opcode : 0,
      payload,
      isFinal: i === payloads.length - 1,
    }));
    if (ping !== null) frames.splice(1, 0, ping);
    return frames;
  });

/** A stream of frames for a role, in hexadecimal. */
export function frameStream(receiver) {
  const parts = fc.oneof(
    { weight: 3, arbitrary: anyFrame.map((frame) => [frame]) },
    { weight: 1, arbitrary: fragments },
  );
  const right = fc
    .array(parts, { maxLength: 8 })
    .map((list) => Buffer.concat(list.flat().map((fields) => writeFrame(receiver, fields))));
  return withDamage(right).map((bytes) => toHex(bytes));
}

export const role = fc.constantFrom('client', 'server');
export const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
export const limits = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      maxMessageSize: fc.constantFrom(1, 10, 125, 300, 65_535),
      maxFragments: fc.constantFrom(1, 2, 3, 16),
    }),
  },
);
