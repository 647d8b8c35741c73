// Compressed messages (RFC 7692): Wirespeed against itself and against `ws`.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromHex, piecesOf, toHex } from '../bytes.mjs';
import { agreement, deflatedCase, hasSmallWindow, withLargestWindow } from '../deflated.mjs';
import { role, sizes } from '../frames.mjs';
import { eventOf, message, sendBy } from '../messages.mjs';
import { LIMITS, WatchedSession } from '../watched-session.mjs';
import { wsCompression, wsOutcome } from '../ws-receiver.mjs';
import { checkAllocation, checkSplits } from './streams.mjs';
import { wsBytes } from './ws.mjs';

const other = { client: 'server', server: 'client' };

/** Most bytes that DEFLATE makes of one byte. */
const MAX_INFLATED = 1032;

const WHAT_IS_NOT_DEFLATE = 'a compressed message that is not DEFLATE (RFC 7692 §7.2.2)';

/**
 * Compares outcomes, and takes two faults with the same close code as equal: not DEFLATE and not UTF-8.
 * If zlib finds bad data, it does not return what it inflated before. In smaller pieces those bytes come
 * out, and may turn out not to be UTF-8.
 */
function sameFaults(actual, expected, message) {
  assert.deepEqual(withoutKind(actual), withoutKind(expected), message);
}

function withoutKind(outcome) {
  const isText = outcome.failure?.includes('not UTF-8');
  return isText ? { ...outcome, failure: `the peer sent ${WHAT_IS_NOT_DEFLATE}` } : outcome;
}

function isNotDeflate(...outcomes) {
  return outcomes.some((outcome) => outcome?.failure?.includes(WHAT_IS_NOT_DEFLATE));
}

function checkStream({ role: receiver, stream, sizes: pieceSizes, limits: limited, agreed }) {
  const bytes = fromHex(stream);
  const make = (options) => WatchedSession.open(receiver, { limits: limited, agreed, ...options });
  try {
    checkSplits(make, bytes, pieceSizes, sameFaults);
  } catch (error) {
    // A reference beyond the agreed window is still found by zlib if its target lies in the same piece
    // of output.
    if (!hasSmallWindow(receiver, agreed) || !isNotDeflate(error.actual, error.expected))
      throw error;
    const large = withLargestWindow(agreed);
    const makeLarge = (options) =>
      WatchedSession.open(receiver, { limits: limited, agreed: large, ...options });
    checkSplits(makeLarge, bytes, pieceSizes, sameFaults);
  }
  checkAllocation(make, bytes, { ...LIMITS, ...limited }, MAX_INFLATED);
}

export const deflatedFrames = {
  name: 'deflate',
  about:
    'compressed messages that are nearly right end in a documented state, the same at any split',
  arbitrary: deflatedCase,
  check: checkStream,
};

async function checkRoundTrip({ sender, agreed, messages, sizes: pieceSizes }) {
  const from = WatchedSession.open(sender, { agreed });
  for (const each of messages) sendBy(from.session, each);
  const stream = from.output.take();
  const expected = messages.map(eventOf);
  const to = WatchedSession.open(other[sender], { agreed });
  for (const piece of piecesOf(stream, pieceSizes)) to.receive(piece);
  assert.deepEqual(to.events, expected);
  const isServer = sender === 'client';
  const theirs = await wsOutcome(
    isServer,
    stream,
    pieceSizes,
    LIMITS,
    wsCompression(isServer, agreed),
  );
  assert.deepEqual(theirs, { events: expected, end: undefined });
  from.end();
  to.end();
}

const roundTripCase = fc.record({
  sender: role,
  agreed: agreement,
  messages: fc.array(message, { maxLength: 5 }),
  sizes: fc.oneof(sizes, fc.constant([100_000])),
});

export const deflatedRoundTrip = {
  name: 'deflate-round-trip',
  about: 'any compressed messages of our writer come out of our reader and of the receiver of ws',
  arbitrary: roundTripCase,
  isAsync: true,
  check: checkRoundTrip,
};

async function checkReader({ sender, agreed, messages, sizes: pieceSizes }) {
  const extensions = wsCompression(sender === 'server', agreed);
  const stream = await wsBytes(sender, messages, undefined, extensions);
  const to = WatchedSession.open(other[sender], { agreed });
  for (const piece of piecesOf(stream, pieceSizes)) to.receive(piece);
  assert.deepEqual(to.events, messages.map(eventOf), toHex(stream));
  to.end();
}

export const deflatedFromWs = {
  name: 'deflate-from-ws',
  about: 'any compressed messages of the sender of ws come out of our reader',
  arbitrary: roundTripCase,
  isAsync: true,
  check: checkReader,
};
