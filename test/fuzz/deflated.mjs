// Arbitraries for compressed messages: right, unusual and wrong ones (RFC 7692 §7.2).
import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { toHex } from './bytes.mjs';
import { anyFrame, limits, role, sizes, textBytes, withDamage, writeFrame } from './frames.mjs';

const EMPTY_BLOCK_LENGTH = 4;
const MAX_WINDOW_BITS = 15;
const { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH, Z_FIXED, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY } =
  constants;

const parameters = fc.record({
  noContextTakeover: fc.boolean(),
  windowBits: fc.oneof(
    { weight: 2, arbitrary: fc.constant(15) },
    { weight: 1, arbitrary: fc.integer({ min: 8, max: 15 }) },
  ),
});

/** What both ends have agreed on. */
export const agreement = fc.record({ server: parameters, client: parameters });

/** The content of a message: short, repetitive, or such that it inflates to much more. */
const content = fc.oneof(
  { weight: 4, arbitrary: textBytes },
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(textBytes, fc.integer({ min: 1, max: 60 }))
      .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(1023, 1024, 1025, 5000, 70_000)
      .map((size) => Buffer.alloc(size, 'a')),
  },
);

/** How a message is compressed. */
const way = fc.record({
  level: fc.constantFrom(-1, 0, 1, 9),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY),
  ending: fc.oneof(
    { weight: 8, arbitrary: fc.constant('usual') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('kept', 'full', 'final', 'final, padded', 'cut', 'raw'),
    },
  ),
});

/** Compresses with a history, as a sender with that window would. */
function deflate(bytes, { level, strategy, ending }, history, windowBits) {
  if (ending === 'raw') return bytes;
  const isFinal = ending.startsWith('final');
  const finishFlush = isFinal ? Z_FINISH : ending === 'full' ? Z_FULL_FLUSH : Z_SYNC_FLUSH;
  const options = { level, strategy, finishFlush, windowBits: Math.max(9, windowBits) };
  if (history.length > 0) options.dictionary = history;
  const deflated = deflateRawSync(bytes, options);
  if (ending === 'final, padded') return Buffer.concat([deflated, Buffer.alloc(1)]);
  if (ending === 'kept' || ending === 'final') return deflated;
  return deflated.subarray(0, deflated.length - EMPTY_BLOCK_LENGTH - (ending === 'cut' ? 1 : 0));
}

const deflatedMessage = fc.record({
  content,
  way,
  isText: fc.boolean(),
  /** Where the message is cut into fragments. */
  cuts: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.nat(400), { maxLength: 3 }) },
  ),
  /** If false, RSV1 is missing on the first fragment and set on the others. */
  isMarked: fc.oneof(
    { weight: 20, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.boolean() },
  ),
  /** Another frame after the first fragment. */
  other: fc.option(anyFrame, { freq: 4 }),
  key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
});

/** The role that sends what a role receives. */
const senderTo = { client: 'server', server: 'client' };

/** Writes messages one after the other, each with the history of those before it. */
function writeMessages(receiver, messages, agreed) {
  const { noContextTakeover, windowBits } = agreed[senderTo[receiver]];
  const frames = [];
  let history = Buffer.alloc(0);
  for (const message of messages) {
    const deflated = deflate(message.content, message.way, history, windowBits);
    if (message.way.ending.startsWith('final')) history = Buffer.alloc(0);
    else if (!noContextTakeover) {
      // The history is somewhat shorter than the window, because zlib's look-ahead needs some bytes of it.
      history = Buffer.concat([history, message.content]).subarray(
        -(2 ** Math.max(9, windowBits) - 262),
      );
    }
    const cuts = [...new Set(message.cuts.map((cut) => cut % (deflated.length + 1)))].sort(
      (a, b) => a - b,
    );
    const bounds = [0, ...cuts, deflated.length];
    for (let i = 0; i + 1 < bounds.length; i++) {
      const isFirst = i === 0;
      frames.push(
        writeFrame(receiver, {
          opcode: isFirst ? (message.isText ? 1 : 2) : 0,
          payload: deflated.subarray(bounds[i], bounds[i + 1]),
          isFinal: i + 2 === bounds.length,
          rsv: isFirst === message.isMarked ? 4 : 0,
          key: message.key,
        }),
      );
      if (isFirst && message.other !== null) frames.push(writeFrame(receiver, message.other));
    }
  }
  return Buffer.concat(frames);
}

/** A stream of frames with compressed messages among them, in hexadecimal. */
function deflatedStream(receiver, agreed) {
  const right = fc
    .array(deflatedMessage, { minLength: 1, maxLength: 5 })
    .map((messages) => writeMessages(receiver, messages, agreed));
  return withDamage(right).map((bytes) => toHex(bytes));
}

/** Whether the peer of a role agreed to a window below the largest one. */
export function hasSmallWindow(receiver, agreed) {
  return agreed[senderTo[receiver]].windowBits < MAX_WINDOW_BITS;
}

/** The same agreement with the largest windows. */
export function withLargestWindow({ server, client }) {
  return {
    server: { ...server, windowBits: MAX_WINDOW_BITS },
    client: { ...client, windowBits: MAX_WINDOW_BITS },
  };
}

/** The extension as the response has it. */
export function extensionOf({ server, client }) {
  const parts = ['permessage-deflate'];
  if (server.noContextTakeover) parts.push('server_no_context_takeover');
  if (client.noContextTakeover) parts.push('client_no_context_takeover');
  if (server.windowBits < 15) parts.push(`server_max_window_bits=${server.windowBits}`);
  if (client.windowBits < 15) parts.push(`client_max_window_bits=${client.windowBits}`);
  return parts.join('; ');
}

/** A stream for either role, with the agreement, the piece sizes and the limits. */
export const deflatedCase = role.chain((receiver) =>
  agreement.chain((agreed) =>
    fc.record({
      role: fc.constant(receiver),
      agreed: fc.constant(agreed),
      stream: deflatedStream(receiver, agreed),
      sizes: fc.oneof(sizes, fc.constant([100_000])),
      limits,
    }),
  ),
);
