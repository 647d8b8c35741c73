// Streams of bytes to either role, after the opening handshake.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { measureAllocation } from '../allocation.mjs';
import { fromHex, piecesOf, toHex } from '../bytes.mjs';
import { frameStream, limits, role, sizes } from '../frames.mjs';
import { LIMITS, WatchedSession } from '../watched-session.mjs';

/** Longer streams are not given byte by byte, which would take as long as a thousand other cases. */
const BYTE_BY_BYTE_UP_TO = 1000;
/** The size of a message's first buffer, whatever it declares. */
const FIRST_BUFFER = 64 * 1024;
/** Memory for heads, headers and the payloads of control frames. */
const SMALL_BUFFERS = 64 * 1024;

/** Gives a whole stream to a session in pieces. Returns the outcome. */
export function outcome(watched, stream, pieceSizes) {
  for (const piece of piecesOf(stream, pieceSizes)) watched.receive(piece);
  const { state } = watched.session;
  const sent = toHex(watched.output.take());
  watched.end();
  return { ...watched.summary(), stateBeforeEnd: state, sent };
}

/**
 * Checks that a stream has the same outcome in any pieces, and however often the session is paused.
 *
 * @param same compares two outcomes
 */
export function checkSplits(make, stream, pieceSizes, same = assert.deepEqual) {
  for (const deliversFrames of [false, true]) {
    const whole = outcome(make({ deliversFrames }), stream, [Number.POSITIVE_INFINITY]);
    same(outcome(make({ deliversFrames }), stream, pieceSizes), whole, 'in pieces');
    if (stream.length <= BYTE_BY_BYTE_UP_TO) {
      same(outcome(make({ deliversFrames }), stream, [1]), whole, 'byte by byte');
    }
    const onEvent = (session) => {
      if (session.state !== 'connecting') session.isPaused = true;
    };
    const paused = make({ deliversFrames, onEvent });
    same(outcome(paused, stream, pieceSizes), whole, 'paused after every event');
  }
}

/**
 * Checks that what a stream makes the core allocate is in proportion to the stream.
 *
 * @param ratio how many bytes of a message one byte of the stream may stand for
 */
export function checkAllocation(make, stream, { maxMessageSize }, ratio = 1) {
  for (const pieceSizes of [[Number.POSITIVE_INFINITY], [1000]]) {
    const watched = make({});
    // The session unmasks in place, and the stream is needed again.
    const pieces = [...piecesOf(Uint8Array.from(stream), pieceSizes)];
    const made = measureAllocation(() => {
      for (const piece of pieces) watched.session.receive(piece, 0, piece.length, 0);
    });
    const length = ratio * stream.length;
    const most = Math.min(Math.max(FIRST_BUFFER, 4 * length), 2 * maxMessageSize + 1024);
    assert(made.largest <= Math.max(most, SMALL_BUFFERS), `one buffer of ${made.largest} bytes`);
    const all = SMALL_BUFFERS + FIRST_BUFFER + 8 * length;
    assert(made.total <= all, `buffers of ${made.total} bytes for ${stream.length}`);
  }
}

function checkStream({ role: receiver, stream, sizes: pieceSizes, limits: limited }) {
  const bytes = fromHex(stream);
  const make = (options) => WatchedSession.open(receiver, { limits: limited, ...options });
  checkSplits(make, bytes, pieceSizes);
  checkAllocation(make, bytes, { ...LIMITS, ...limited });
}

const settings = { sizes, limits };

export const rawBytes = {
  name: 'raw-bytes',
  about: 'any bytes to an open session end in a documented state, the same at any split',
  arbitrary: fc.record({
    role,
    stream: fc.uint8Array({ maxLength: 300 }).map((bytes) => toHex(bytes)),
    ...settings,
  }),
  check: checkStream,
};

export const nearlyRightFrames = {
  name: 'frames',
  about: 'frames that are nearly right end in a documented state, the same at any split',
  arbitrary: role.chain((receiver) =>
    fc.record({ role: fc.constant(receiver), stream: frameStream(receiver), ...settings }),
  ),
  check: checkStream,
};
