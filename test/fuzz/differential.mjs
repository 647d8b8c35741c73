// Compares the events and the end that the same stream has in Wirespeed and in `ws`. A difference is a
// finding, unless it is one of those named here. docs/fuzzing.md has the reason for each.
import { isDeepStrictEqual } from 'node:util';
import { piecesOf, toHex } from './bytes.mjs';
import { WatchedSession } from './watched-session.mjs';

/** Enough zero bytes to complete any header, and the payload of a close frame of one byte. */
export const REST_OF_HEADER = new Uint8Array(16);

/** A difference that none of the known ones explains. */
export const UNKNOWN = 'unknown';

/** Gives a stream to a session of Wirespeed. Returns the outcome in the form of `wsOutcome`. */
export function ourOutcome(role, stream, sizes, options) {
  const watched = WatchedSession.open(role, options);
  for (const piece of piecesOf(stream, sizes)) watched.receive(piece);
  const told = /^(?:text|binary|ping|pong):/;
  return { events: watched.events.filter((event) => told.test(event)), end: endOf(watched) };
}

function endOf({ session, failure }) {
  if (failure !== undefined)
    return { kind: 'failure', code: failure.closeCode, message: failure.message };
  if (session.received === undefined) return undefined;
  const { code, reason } = session.received;
  return { kind: 'close', code, reason: toHex(Buffer.from(reason)) };
}

const fails = (end, code, message) =>
  end?.kind === 'failure' &&
  end.code === code &&
  (message === undefined || end.message.includes(message));

const beginsWith = (events, first) => isDeepStrictEqual(events.slice(0, first.length), first);

const sameVerdict = (ours, theirs) =>
  isDeepStrictEqual(ours.events, theirs.events) &&
  ours.end?.kind === theirs.end?.kind &&
  ours.end?.code === theirs.end?.code &&
  ours.end?.reason === theirs.end?.reason;

/** The known differences by name. Each function says whether two outcomes differ by this one only. */
const knownDifferences = {
  'length-form': ({ ours, theirs }) =>
    fails(ours.end, 1002, 'a frame length in more bytes than it needs') &&
    beginsWith(theirs.events, ours.events),
  'length-overflow': ({ ours, theirs }) =>
    fails(ours.end, 1002, 'a frame length above 2^63') &&
    fails(theirs.end, 1009, 'payload length > 2^53 - 1') &&
    isDeepStrictEqual(ours.events, theirs.events),
  'text-early': ({ ours, theirs }) =>
    fails(ours.end, 1007, 'text that is not UTF-8') &&
    beginsWith(theirs.events, ours.events) &&
    // Neither delivers the text itself. All that follows are control frames inside the message.
    theirs.events.slice(ours.events.length).every((event) => /^p[io]ng:/.test(event)),
  'deflate-early': ({ ours, theirs, isCompressed }) =>
    isCompressed &&
    (fails(ours.end, 1007, 'not DEFLATE') || fails(ours.end, 1009, 'above maxMessageSize')) &&
    theirs.end === undefined &&
    beginsWith(theirs.events, ours.events) &&
    theirs.events.slice(ours.events.length).every((event) => /^p[io]ng:/.test(event)),
  'two-faults': ({ ours, theirs, isCompressed }) =>
    isCompressed &&
    isDeepStrictEqual(ours.events, theirs.events) &&
    [ours.end, theirs.end].every((end) => fails(end, 1007) || fails(end, 1009)) &&
    [ours.end, theirs.end].some((end) => fails(end, 1009)),
  'fragments-code': ({ ours, theirs }) =>
    fails(ours.end, 1009, 'fragments, above maxFragments') &&
    // `ws` counts a fragment once its payload has arrived, and reports any other fault before that.
    (fails(theirs.end, 1008, 'Too many message fragments') ||
      theirs.end === undefined ||
      theirs.end.kind === 'failure') &&
    isDeepStrictEqual(ours.events, theirs.events),
  'header-early': ({ ours, theirs, withRest }) =>
    ours.end === undefined &&
    theirs.end?.kind === 'failure' &&
    isDeepStrictEqual(ours.events, theirs.events) &&
    fails(withRest().end, theirs.end.code),
};

/** How often each known difference was met. */
export const differencesMet = new Map();

/** Counts a known difference. */
export function countDifference(name) {
  differencesMet.set(name, (differencesMet.get(name) ?? 0) + 1);
}

/** Names the known difference between two outcomes; `undefined` if they are equal. */
export function difference(ours, theirs, circumstances) {
  if (sameVerdict(ours, theirs)) return undefined;
  for (const [name, isKnown] of Object.entries(knownDifferences)) {
    if (isKnown({ ours, theirs, ...circumstances })) return name;
  }
  return UNKNOWN;
}
