// Exchanges streams with the receiver and the sender of the package `ws`.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PerMessageDeflate, Sender } from 'ws';
import { fromHex, piecesOf, toHex } from '../bytes.mjs';
import { deflatedCase, hasSmallWindow, withLargestWindow } from '../deflated.mjs';
import {
  countDifference,
  difference,
  ourOutcome,
  REST_OF_HEADER,
  UNKNOWN,
} from '../differential.mjs';
import { frameStream, limits, role, sizes } from '../frames.mjs';
import { eventOf, message, sendBy } from '../messages.mjs';
import { firstParting } from '../parting.mjs';
import { LIMITS, WatchedSession } from '../watched-session.mjs';
import { wsCompression, wsOutcome } from '../ws-receiver.mjs';

const other = { client: 'server', server: 'client' };
/** A limit above what any stream here can reach. */
const NO_LIMIT = 2 ** 30;
/** The state of a sender of `ws` that is idle. */
const IDLE = 0;
const someSizes = fc.oneof(sizes, fc.constant([100_000]));

/** Gives a stream to both, and checks that the outcomes are the same or differ in a known way. */
async function compareOn(stream, input) {
  const { role: receiver, sizes: pieceSizes, limits: limited, agreed } = input;
  const isServer = receiver === 'server';
  const all = { ...LIMITS, ...limited };
  const ours = ourOutcome(receiver, stream, pieceSizes, { limits: limited, agreed });
  const extensions =
    agreed === undefined ? {} : wsCompression(isServer, agreed, all.maxMessageSize);
  const theirs = await wsOutcome(isServer, stream, pieceSizes, all, extensions);
  const withRest = () => {
    const more = Buffer.concat([stream, REST_OF_HEADER]);
    return ourOutcome(receiver, more, pieceSizes, { limits: limited, agreed });
  };
  const known = difference(ours, theirs, { withRest, isCompressed: agreed !== undefined });
  if (known === undefined) return;
  if (known !== UNKNOWN) {
    countDifference(known);
  } else if (isOfWindow(ours, theirs, receiver, agreed)) {
    countDifference('window');
    await compareOn(stream, { ...input, agreed: withLargestWindow(agreed) });
  } else if (isOfCompressedSize(ours, theirs, agreed, all)) {
    countDifference('compressed-size');
    await compareOn(stream, { ...input, limits: { ...limited, maxMessageSize: NO_LIMIT } });
  } else {
    assert.deepEqual(ours, theirs, 'Wirespeed and ws differ');
  }
}

/** 'window' in docs/fuzzing.md: with the largest window they must agree. */
function isOfWindow(ours, theirs, receiver, agreed) {
  if (agreed === undefined || !hasSmallWindow(receiver, agreed)) return false;
  const { end } = theirs;
  return ours.end?.message?.includes('not DEFLATE') || end?.message?.includes('too far back');
}

/** 'compressed-size' in docs/fuzzing.md: without a limit they must agree, and our messages stay within it. */
function isOfCompressedSize(ours, theirs, agreed, { maxMessageSize }) {
  if (agreed === undefined || maxMessageSize === NO_LIMIT || theirs.end?.code !== 1009)
    return false;
  for (const event of ours.events.filter((each) => /^(?:text|binary):/.test(each))) {
    assert(event.length - event.indexOf(':') - 1 <= 2 * maxMessageSize, 'above maxMessageSize');
  }
  return true;
}

async function checkAgainstWs(input) {
  const stream = fromHex(input.stream);
  let stop;
  if (input.agreed !== undefined) {
    const parting = firstParting(stream, input.agreed[other[input.role]].noContextTakeover);
    if (parting !== undefined) {
      countDifference(parting.name);
      stop = parting.at;
    }
  }
  await compareOn(stream.subarray(0, stop), input);
}

export const differential = {
  name: 'ws-differential',
  about:
    'any stream of frames means the same to Wirespeed and to ws, but for the differences that are known',
  arbitrary: role.chain((receiver) =>
    fc.record({
      role: fc.constant(receiver),
      stream: frameStream(receiver),
      sizes: someSizes,
      limits,
    }),
  ),
  isAsync: true,
  check: checkAgainstWs,
};

export const deflatedDifferential = {
  name: 'ws-deflate-differential',
  about:
    'any stream of compressed messages means the same to Wirespeed and to ws, but for the differences that are known',
  arbitrary: deflatedCase,
  isAsync: true,
  check: checkAgainstWs,
};

async function checkWriter({ sender, messages, sizes: pieceSizes, close }) {
  const from = WatchedSession.open(sender);
  for (const each of messages) sendBy(from.session, each);
  from.session.close(close.code, close.reason, 0);
  const { events, end } = await wsOutcome(
    sender === 'client',
    from.output.take(),
    pieceSizes,
    LIMITS,
  );
  assert.deepEqual(events, messages.map(eventOf));
  assert.deepEqual(end, {
    kind: 'close',
    code: close.code,
    reason: toHex(Buffer.from(close.reason)),
  });
}

const messages = fc.array(message, { maxLength: 6 });
const close = fc.record({
  code: fc.constantFrom(1000, 1001, 1014, 3000, 4999),
  reason: fc
    .string({ unit: 'grapheme', maxLength: 20 })
    .filter((text) => Buffer.byteLength(text) < 124),
});

export const writerToWs = {
  name: 'writer-to-ws',
  about: 'any messages of our writer come out of the receiver of ws',
  arbitrary: fc.record({ sender: role, messages, sizes: someSizes, close }),
  isAsync: true,
  check: checkWriter,
};

/** Writes messages with the sender of `ws`, and a close frame if a status is given. */
export async function wsBytes(sender, list, status, extensions = {}) {
  const chunks = [];
  const socket = { cork() {}, uncork() {}, write: (chunk) => chunks.push(Buffer.from(chunk)) };
  const writer = new Sender(socket, extensions);
  const compress = extensions[PerMessageDeflate.extensionName] !== undefined;
  const mask = sender === 'client';
  for (const { kind, parts } of list) {
    const payloads = parts.map((part) => (kind === 'text' ? part : Buffer.from(part, 'hex')));
    if (kind === 'ping' || kind === 'pong') writer[kind](payloads[0], mask);
    else {
      payloads.forEach((payload, i) => {
        const fin = i === payloads.length - 1;
        writer.send(payload, { binary: kind === 'binary', compress, fin, mask });
      });
    }
  }
  if (status !== undefined) writer.close(status.code, status.reason, mask);
  // Messages are compressed one after the other, in the thread pool.
  while (writer._state !== IDLE) await new Promise(setImmediate);
  extensions[PerMessageDeflate.extensionName]?.cleanup();
  return Buffer.concat(chunks);
}

async function checkReader({ sender, messages: list, sizes: pieceSizes, close: status }) {
  const to = WatchedSession.open(other[sender]);
  for (const piece of piecesOf(await wsBytes(sender, list, status), pieceSizes)) to.receive(piece);
  const shutdown = sender === 'client' ? ['shutdown'] : [];
  assert.deepEqual(to.events, [...list.map(eventOf), ...shutdown]);
  assert.deepEqual(to.session.received, { ...status });
}

export const readerFromWs = {
  name: 'reader-from-ws',
  about: 'any messages of the sender of ws come out of our reader',
  arbitrary: fc.record({ sender: role, messages, sizes: someSizes, close }),
  isAsync: true,
  check: checkReader,
};
