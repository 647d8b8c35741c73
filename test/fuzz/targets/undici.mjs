// Exchanges streams with the client of undici, which is that of Node.js: its parser and its frames.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { fromHex, piecesOf, toHex } from '../bytes.mjs';
import { sizes } from '../frames.mjs';
import { eventOf, message, sendBy } from '../messages.mjs';
import { WatchedSession } from '../watched-session.mjs';

const require = createRequire(import.meta.url);
const { ByteParser } = require('undici/lib/web/websocket/receiver.js');
const { WebsocketFrameSend } = require('undici/lib/web/websocket/frame.js');

const OPEN = 1;
const NAMES = { 1: 'text', 2: 'binary' };
const OPCODES = { text: 1, binary: 2, ping: 9, pong: 10 };
const someSizes = fc.oneof(sizes, fc.constant([100_000]));

/** Gives a stream to undici's parser. Returns the events in the form of `WatchedSession`. */
async function undiciEvents(stream, pieceSizes) {
  const events = [];
  const handler = {
    readyState: OPEN,
    closeState: new Set(),
    socket: { destroyed: false, writableNeedDrain: false, write() {}, destroy() {} },
    controller: { abort: () => events.push('failure') },
    onMessage: (opcode, data) => events.push(`${NAMES[opcode]}:${toHex(data)}`),
    onPing: (data) => events.push(`ping:${toHex(data)}`),
    onPong: (data) => events.push(`pong:${toHex(data)}`),
  };
  const parser = new ByteParser(handler, undefined, { maxPayloadSize: 1024 * 1024 });
  for (const piece of piecesOf(stream, pieceSizes)) {
    if (events.at(-1) === 'failure' || parser.closingInfo !== undefined) break;
    await new Promise((resolve) => parser._write(Buffer.from(piece), 'buffer', resolve));
  }
  return { events, closing: parser.closingInfo };
}

async function checkWriter({ messages, sizes: pieceSizes, reason }) {
  const from = WatchedSession.open('server');
  for (const each of messages) sendBy(from.session, each);
  const stream = from.output.take();
  const { events } = await undiciEvents(stream, pieceSizes);
  assert.deepEqual(events, messages.map(eventOf));
  from.session.close(4000, reason, 0);
  // The close frame is given by itself, because undici calls nothing back after one.
  const parsing = undiciEvents(from.output.take(), [200]);
  const { closing } = await Promise.race([
    parsing,
    new Promise((resolve) => setImmediate(resolve, {})),
  ]);
  if (closing !== undefined) assert.deepEqual(closing, { code: 4000, reason, error: false });
}

export const writerToUndici = {
  name: 'writer-to-undici',
  about: "any messages of our server's writer come out of undici's parser",
  arbitrary: fc.record({
    messages: fc.array(message, { maxLength: 6 }),
    sizes: someSizes,
    reason: fc.string({ maxLength: 40 }),
  }),
  isAsync: true,
  check: checkWriter,
};

function checkReader({ messages, sizes: pieceSizes }) {
  const to = WatchedSession.open('server');
  const frames = messages.map(({ kind, parts }) => {
    const payload = kind === 'text' ? Buffer.from(parts[0]) : Buffer.from(fromHex(parts[0]));
    if (kind === 'text') return Buffer.concat(WebsocketFrameSend.createFastTextFrame(payload));
    return new WebsocketFrameSend(payload).createFrame(OPCODES[kind]);
  });
  for (const piece of piecesOf(Buffer.concat(frames), pieceSizes)) to.receive(piece);
  const whole = messages.map(({ kind, parts }) => eventOf({ kind, parts: [parts[0]] }));
  assert.deepEqual(to.events, whole);
}

export const readerFromUndici = {
  name: 'reader-from-undici',
  about: "any frames of undici's client come out of our server's reader",
  arbitrary: fc.record({ messages: fc.array(message, { maxLength: 6 }), sizes: someSizes }),
  check: checkReader,
};
