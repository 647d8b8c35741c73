// Compares the opening handshake with the server and the client of `ws`: whether both open, and with what.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromHex } from '../bytes.mjs';
import { countDifference } from '../differential.mjs';
import { requestHead, responseHead } from '../heads.mjs';
import { ACCEPT, compressionOf, WatchedSession } from '../watched-session.mjs';
import { wsClientVerdict, wsServerAnswer } from '../ws-opening.mjs';

const PROTOCOLS = ['chat', 'b'];
const NOT_OPEN = 'not open';
const TARGET_OR_HOST = "the request's target or its 'Host' header is missing or wrong";
/** A request line with a target that RFC 6455 §4.2.1 allows. It captures the host of an absolute target. */
const REQUEST_LINE = /^[^ ]+ (?:\/[^ #]*|https?:\/\/([^ /?#]*)[^ #]*) /i;
/** A host with or without a port (RFC 9110 §7.2), in the characters of RFC 3986 §3.2.2 except the comma. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=%-]+)(?::\d*)?$/i;
/** A key whose last character is not A, Q, g or w, and so holds more than the two bits that are left. */
const KEY_WITH_MORE_BITS = /^[A-Za-z0-9+/]{21}[B-PR-Za-fh-vx-z0-9+/]==$/;

/** What a server's answer means: the subprotocol and the extensions it opens with, or that it does not. */
function readAnswer(answer) {
  if (!answer.startsWith('HTTP/1.1 101 ')) return NOT_OPEN;
  const value = (name) => new RegExp(`\r\n${name}: ([^\r]*)`, 'i').exec(answer)?.[1] ?? '';
  const extensions = value('sec-websocket-extensions')
    .split('; ')
    .filter(saysSomething)
    .sort()
    .join('; ');
  return { protocol: value('sec-websocket-protocol'), extensions };
}

/** Whether a parameter changes anything: a window of 15 bits is the default (RFC 7692 §7.1.2). */
function saysSomething(part) {
  return !/^(?:client|server)_max_window_bits=15$/.test(part);
}

/** The values of a header, with the white space after them. */
function valuesOf(head, name) {
  return [...head.matchAll(/\r\n([^:\r\n]*):[ \t]*([^\r\n]*)/g)]
    .filter(([, each]) => each.toLowerCase() === name)
    .map(([, , value]) => value);
}

/** Removes the white space of HTTP, which has fewer characters than that of JavaScript. */
function trim(value) {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

function endsInSpace(value) {
  return /[ \t]$/.test(value);
}

/** Whether a list has an empty element. */
function hasEmptyElement(values) {
  return values.some((value) => value.split(',').some((element) => trim(element) === ''));
}

/** Whether a request has no host, several, or a wrong one. */
function hasWrongHost(head) {
  const hosts = valuesOf(head, 'host').map(trim);
  const [, asked] = REQUEST_LINE.exec(head) ?? [];
  return hosts.length !== 1 || ![...hosts, asked ?? hosts[0]].every((host) => HOST.test(host));
}

/** Known differences of servers, recognised by the error of Wirespeed, the answer of ws, or the request. */
const OF_SERVERS = {
  'request-body': ({ ours }) => ours.includes('has no body'),
  'request-line': ({ ours }) => ours.includes('the request line is not valid'),
  'request-target': ({ ours, head }) => ours.includes(TARGET_OR_HOST) && !REQUEST_LINE.test(head),
  'ascii-only': ({ ours }) => ours.includes('outside ASCII'),
  host: ({ ours, head }) => ours.includes(TARGET_OR_HOST) && hasWrongHost(head),
  'http-version': ({ ours, theirs, head }) =>
    ours.includes('needs HTTP/1.1') ||
    (theirs === '400 Bad Request' && /^[^\r\n]* HTTP\/1\.[2-9]\r\n/.test(head)),
  'content-length': ({ theirs, head }) =>
    theirs === '400 Bad Request' && valuesOf(head, 'content-length').length > 0,
  'key-bits': ({ ours, head }) =>
    ours.includes("the 'Sec-WebSocket-Key' header") &&
    valuesOf(head, 'sec-websocket-key').some((key) => KEY_WITH_MORE_BITS.test(trim(key))),
  'websocket-version': ({ ours }) => ours.includes('only version 13'),
  'protocol-list': ({ theirs }) => theirs.includes('Invalid Sec-WebSocket-Protocol header'),
  'extension-list': ({ theirs, head }) =>
    theirs.includes('Invalid or unacceptable Sec-WebSocket-Extensions header') &&
    hasEmptyElement(valuesOf(head, 'sec-websocket-extensions')),
  'offers-declined': ({ theirs }) =>
    theirs.includes('Invalid or unacceptable Sec-WebSocket-Extensions header'),
  'upgrade-list': ({ theirs, head }) =>
    theirs.includes('Invalid Upgrade header') && valuesOf(head, 'upgrade').join(', ').includes(','),
  'connection-space': ({ theirs, head }) =>
    theirs.startsWith('426') && valuesOf(head, 'connection').some(endsInSpace),
};

/** Known differences of clients, recognised by the errors of either or by the response. */
const OF_CLIENTS = {
  'ascii-only': ({ ours }) => ours.includes('outside ASCII'),
  'window-bits': ({ ours }) => ours.includes('must be from 8 to 15'),
  'status-line': ({ ours }) => ours.includes('is not valid HTTP: it begins with'),
  'http-version': ({ ours }) => ours.includes('which HTTP/1.0 cannot'),
  'no-subprotocol': ({ theirs }) => theirs === 'Server sent no subprotocol',
  'extension-list': ({ theirs, head }) =>
    theirs === 'Invalid Sec-WebSocket-Extensions header' &&
    hasEmptyElement(valuesOf(head, 'sec-websocket-extensions')),
  'extension-twice': ({ ours }) =>
    ours.includes("it accepts a second extension, 'permessage-deflate'"),
  'interim-close': ({ theirs }) => theirs.includes('Data after `Connection: close`'),
  'content-length': ({ theirs }) => theirs.includes('Content-Length'),
  'connection-space': ({ theirs, head }) =>
    theirs === 'Unexpected server response: 101' && valuesOf(head, 'connection').some(endsInSpace),
};

/** Known differences if both open, but with different extensions. */
const IN_WHAT_WAS_AGREED = {
  'window-bits': ({ head }) => /_max_window_bits="?(?:0|[^\r\n]*_max_window_bits="?0)/i.test(head),
};

function check(ours, theirs, known, circumstances) {
  try {
    assert.deepEqual(ours, theirs);
  } catch (error) {
    const isOnlyOne = ours === NOT_OPEN || theirs === NOT_OPEN;
    const among = isOnlyOne ? known : IN_WHAT_WAS_AGREED;
    const name = Object.keys(among).find((each) => among[each](circumstances));
    if (name === undefined) throw error;
    countDifference(name);
  }
}

async function checkServers({ head }) {
  const bytes = fromHex(head);
  const decide = (session, { protocols }) => session.accept(protocols[0] ?? '', [], 0);
  const watched = new WatchedSession('server', { compression: compressionOf({}), decide });
  watched.receive(bytes);
  const ours = Buffer.from(watched.output.take()).toString('latin1');
  const theirs = await wsServerAnswer(bytes);
  const [start, ...rest] = theirs.split('\r\n');
  check(readAnswer(ours), readAnswer(theirs), OF_SERVERS, {
    ours: watched.failure?.message ?? '',
    theirs: `${start.slice('HTTP/1.1 '.length)} ${rest.at(-1) ?? ''}`.trim(),
    head: Buffer.from(bytes).toString('latin1'),
  });
}

export const wsServerOpening = {
  name: 'ws-server-opening',
  about:
    'a request that is nearly right opens our server if it opens that of ws, with the same subprotocol and extensions, but for the differences that are known',
  arbitrary: fc.record({ head: requestHead }),
  streams: ['head'],
  isAsync: true,
  check: checkServers,
};

async function checkClients({ head, protocols }) {
  const text = Buffer.from(fromHex(head)).toString('latin1');
  const watched = new WatchedSession('client', { compression: compressionOf({}), protocols });
  watched.receive(Buffer.from(text, 'latin1'));
  const { session } = watched;
  const answerTo = (accept) => Buffer.from(text.replaceAll(ACCEPT, accept), 'latin1');
  const verdict = await wsClientVerdict(answerTo, protocols);
  const isOpen = watched.events.includes('open');
  const ours = isOpen ? { protocol: session.protocol } : NOT_OPEN;
  const theirs = verdict.kind === 'open' ? { protocol: verdict.protocol } : NOT_OPEN;
  check(ours, theirs, OF_CLIENTS, {
    ours: watched.failure?.message ?? '',
    theirs: verdict.why ?? '',
    head: text,
  });
}

export const wsClientOpening = {
  name: 'ws-client-opening',
  about:
    'a response that is nearly right opens our client if it opens that of ws, with the same subprotocol, but for the differences that are known',
  arbitrary: fc.record({ head: responseHead, protocols: fc.constantFrom([], PROTOCOLS) }),
  streams: ['head'],
  isAsync: true,
  check: checkClients,
};
