// The opening handshake of either role, followed by frames.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromHex } from '../bytes.mjs';
import { frameStream, sizes } from '../frames.mjs';
import { requestHead, responseBody, responseHead } from '../heads.mjs';
import { ACCEPT, compressionOf, sha1Base64, WatchedSession } from '../watched-session.mjs';
import { checkAllocation, checkSplits, outcome } from './streams.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_BODY = 64 * 1024;
const RESPONSE_HEAD =
  /^HTTP\/1\.1 [1-5][0-9]{2} [ -~]+\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t -~\x80-\xff]*\r\n)+\r\n/;

/** Parses a response of Wirespeed, without code of the library. */
function parseResponse(bytes) {
  const text = Buffer.from(bytes).toString('latin1');
  const head = RESPONSE_HEAD.exec(text)?.[0];
  assert(head !== undefined, `the response is not HTTP: ${JSON.stringify(text.slice(0, 200))}`);
  const lines = head.trimEnd().split('\r\n').slice(1);
  const headers = new Map(
    lines.map((each) => [
      each.slice(0, each.indexOf(':')).toLowerCase(),
      each.slice(each.indexOf(':') + 2),
    ]),
  );
  assert.equal(headers.size, lines.length, 'a header is there twice');
  return { status: Number(text.slice(9, 12)), headers, rest: text.slice(head.length) };
}

/** Checks what a server sent: at most one response, which fits the events of its session. */
function checkAnswer(head, answer, events) {
  const isOpen = events.includes('open');
  if (answer.length === 0) {
    assert(!isOpen, 'it is open without an answer');
    return;
  }
  const { status, headers, rest } = parseResponse(answer);
  assert.equal(status === 101, isOpen, `open: ${isOpen}, but answered ${status}`);
  if (!isOpen) {
    assert(status >= 400, `refused with ${status}`);
    assert.equal(Number(headers.get('content-length')), rest.length, 'the length of the body');
    assert.equal(headers.get('connection'), 'close');
    return;
  }
  const text = Buffer.from(head).toString('latin1');
  // The items of RFC 6455 §4.2.1 that a search in the text can check.
  assert.match(text, /^GET [!-~]+ HTTP\/1\.[1-9]\r\n/);
  assert.match(text, /\r\nhost:[ \t]*[^ \t\r\n]/i);
  assert.match(text, /\r\nupgrade:[^\r\n]*websocket/i);
  assert.match(text, /\r\nconnection:[^\r\n]*upgrade/i);
  assert.match(text, /\r\nsec-websocket-version:[ \t]*13[ \t]*\r\n/i);
  const [, key] = /\r\nsec-websocket-key:[ \t]*([A-Za-z0-9+/]{22}==)[ \t]*\r\n/i.exec(text);
  assert.equal(headers.get('sec-websocket-accept'), sha1Base64(key + GUID));
  assert.equal(headers.get('upgrade'), 'websocket');
  const chosen = headers.get('sec-websocket-protocol');
  if (chosen !== undefined) {
    assert.match(text, /\r\nsec-websocket-protocol:/i, 'a subprotocol nobody offered');
    assert(text.includes(chosen), 'a subprotocol nobody offered');
  }
  const extensions = headers.get('sec-websocket-extensions');
  if (extensions === undefined) return;
  assert.match(text, /\r\nsec-websocket-extensions:[^\r\n]*permessage-deflate/i);
  // RFC 7692 §7.1.2.2: a response has this parameter only if the offer had it.
  if (extensions.includes('client_max_window_bits'))
    assert(text.includes('client_max_window_bits'));
}

function checkRequest({ head, stream, compresses, sizes: pieceSizes }) {
  const compression = compresses ? compressionOf({}) : undefined;
  const headBytes = fromHex(head);
  const bytes = Uint8Array.from([...headBytes, ...fromHex(stream)]);
  // The server always chooses the first subprotocol offered.
  const decide = (session, { protocols }) => session.accept(protocols[0] ?? '', [], 0);
  const make = (options) => new WatchedSession('server', { ...options, compression, decide });
  checkSplits(make, bytes, pieceSizes);
  checkAllocation(make, bytes, { maxMessageSize: 1024 * 1024 });
  const alone = make({});
  alone.receive(headBytes);
  const answer = alone.output.take();
  alone.end();
  checkAnswer(headBytes, answer, alone.events);
}

function checkResponse({ head, body, stream, protocols, compresses, sizes: pieceSizes }) {
  const compression = compresses ? compressionOf({}) : undefined;
  const bytes = Uint8Array.from([...fromHex(head), ...fromHex(body), ...fromHex(stream)]);
  const make = (options) => new WatchedSession('client', { ...options, compression, protocols });
  checkSplits(make, bytes, pieceSizes);
  checkAllocation(make, bytes, { maxMessageSize: 1024 * 1024 });
  const watched = make({});
  const { events, protocol } = outcome(watched, bytes, pieceSizes);
  const text = Buffer.from(bytes).toString('latin1');
  if (events.includes('open')) {
    // The items of RFC 6455 §4.1, second list, that a search in the text can check.
    assert.match(text, /HTTP\/1\.1 101(?: [^\r\n]*)?\r\n/);
    assert(text.includes(ACCEPT), 'open without the answer to the key');
    assert(protocol === '' || protocols.includes(protocol), 'open with another subprotocol');
    assert(compresses || watched.session.extensions === '', 'open with an extension not offered');
  } else {
    assert(watched.failure !== undefined, 'neither open nor failed');
    assert.match(watched.failure.code, /^WS_/);
    assert((watched.failure.body?.length ?? 0) <= MAX_BODY, 'more of the body is kept');
  }
}

const fewFrames = (receiver) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: frameStream(receiver) },
  );

export const requests = {
  name: 'request',
  about: 'a request that is nearly right is answered rightly, the same at any split',
  arbitrary: fc.record({
    head: requestHead,
    stream: fewFrames('server'),
    compresses: fc.boolean(),
    sizes,
  }),
  streams: ['stream', 'head'],
  check: checkRequest,
};

export const responses = {
  name: 'response',
  about: 'a response that is nearly right is judged rightly, the same at any split',
  arbitrary: fc.record({
    head: responseHead,
    body: fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: responseBody },
    ),
    stream: fewFrames('client'),
    protocols: fc.constantFrom([], ['chat'], ['chat', 'b']),
    compresses: fc.boolean(),
    sizes,
  }),
  streams: ['stream', 'body', 'head'],
  check: checkResponse,
};
