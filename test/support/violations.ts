/**
 * Frames that break a rule, without a mask, and the close code that must answer them. The rules are the
 * same for a server's frames and a client's.
 */
import { closePayload, type FrameFields } from './frames.ts';

const START: FrameFields = { opcode: 1, payload: 'start', isFinal: false };

/** Each violation: its name, its frames, and the close code that answers it. */
export const VIOLATIONS: readonly [string, readonly FrameFields[], number][] = [
  ['a reserved data opcode (§5.2)', [{ opcode: 3 }], 1002],
  ['a reserved control opcode (§5.2)', [{ opcode: 0xb }], 1002],
  ['RSV1 without an extension (§5.2)', [{ opcode: 1, payload: 'x', rsv: 4 }], 1002],
  // CVE-2026-59881: a bit that was not negotiated, on a frame where permessage-deflate does not use it.
  [
    'RSV1 on a continuation, without an extension (§5.2)',
    [START, { opcode: 0, payload: 'x', rsv: 4 }],
    1002,
  ],
  ['RSV1 on a ping (§5.2)', [{ opcode: 9, rsv: 4 }], 1002],
  ['RSV1 on a close frame (§5.2)', [{ opcode: 8, rsv: 4 }], 1002],
  ['RSV2 (§5.2)', [{ opcode: 2, payload: 'x', rsv: 2 }], 1002],
  ['RSV3 on a ping (§5.2)', [{ opcode: 9, rsv: 1 }], 1002],
  // CVE-2026-1528, CVE-2026-54466: lengths that overflow, or that a JavaScript number cannot hold exactly.
  ['a length of 2^63 (§5.2)', [{ opcode: 2, length: 1n << 63n }], 1002],
  ['a length of 2^64−1 (§5.2)', [{ opcode: 2, length: (1n << 64n) - 1n }], 1002],
  ['a length of 2^31 (§10.4)', [{ opcode: 2, length: 1n << 31n }], 1009],
  ['a length of 2^53 + 1 (§10.4)', [{ opcode: 2, length: (1n << 53n) + 1n }], 1009],
  ['a length of 2^63−1 (§10.4)', [{ opcode: 2, length: (1n << 63n) - 1n }], 1009],
  [
    'a continuation of 2^63−1 bytes (§10.4)',
    [START, { opcode: 0, length: (1n << 63n) - 1n, isFinal: false }],
    1009,
  ],
  ['a ping of 2^63−1 bytes (§5.5)', [{ opcode: 9, length: (1n << 63n) - 1n }], 1002],
  [
    'a length in more bytes than it needs (§5.2)',
    [{ opcode: 2, payload: 'x', lengthBytes: 2 }],
    1002,
  ],
  [
    'a length in 8 bytes where 2 would do (§5.2)',
    [{ opcode: 2, payload: 'x'.repeat(300), lengthBytes: 8 }],
    1002,
  ],
  ['a ping above 125 bytes (§5.5)', [{ opcode: 9, payload: 'x'.repeat(126) }], 1002],
  [
    'a close frame above 125 bytes (§5.5)',
    [{ opcode: 8, payload: closePayload(1000, 'x'.repeat(124)) }],
    1002,
  ],
  ['a fragmented ping (§5.5)', [{ opcode: 9, isFinal: false }], 1002],
  ['a continuation of nothing (§5.4)', [{ opcode: 0, payload: 'x' }], 1002],
  ['a new message inside a fragmented one (§5.4)', [START, { opcode: 1, payload: 'new' }], 1002],
  ['text that is not UTF-8 (§8.1)', [{ opcode: 1, payload: [0x61, 0xff, 0x62] }], 1007],
  ['an overlong form in text (§8.1)', [{ opcode: 1, payload: [0xc0, 0xaf] }], 1007],
  ['a surrogate in text (§8.1)', [{ opcode: 1, payload: [0xed, 0xa0, 0x80] }], 1007],
  ['text that ends inside a character (§8.1)', [{ opcode: 1, payload: [0xe2, 0x82] }], 1007],
  [
    'fragments that are not UTF-8 (§8.1)',
    [START, { opcode: 0, payload: [0x80], isFinal: false }],
    1007,
  ],
  ['a close frame of one byte (§5.5.1)', [{ opcode: 8, payload: [3] }], 1002],
  ['a close code below 1000 (§7.4)', [{ opcode: 8, payload: closePayload(999) }], 1002],
  ['the close code 1005 (§7.4.1)', [{ opcode: 8, payload: closePayload(1005) }], 1002],
  ['the close code 1006 (§7.4.1)', [{ opcode: 8, payload: closePayload(1006) }], 1002],
  ['an unassigned close code (§7.4)', [{ opcode: 8, payload: closePayload(2000) }], 1002],
  [
    'a close reason that is not UTF-8 (§5.5.1)',
    [{ opcode: 8, payload: closePayload(1000, [0xff]) }],
    1007,
  ],
];
