// Makes the bytes of raw peers: right and wrong frames of either role, and the requests and responses of
// hostile peers. No code of the library is used.
import { randomBytes } from 'node:crypto';
import { serializeFrame } from '../../support/peer/frames.mjs';

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function masked(frame, payloadLength) {
  const headLength = frame.length - payloadLength;
  const head = Buffer.from(frame.subarray(0, headLength));
  head[1] |= 0x80;
  const payload = Buffer.from(frame.subarray(headLength));
  for (let i = 0; i < payload.length; i++) payload[i] ^= KEY[i & 3];
  return Buffer.concat([head, KEY, payload]);
}

/** Writes a frame of a peer in that role. */
export function frameOf(role, opcode, payload, isFinal = true) {
  const frame = serializeFrame(opcode, payload, isFinal);
  return role === 'client' ? masked(frame, payload.length) : frame;
}

/** Writes the payload of a close frame; code 0 for none. */
export function closePayload(code, reason = '') {
  if (code === 0) return Buffer.alloc(0);
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

function changed(frame, at, bits) {
  frame[at] ^= bits;
  return frame;
}

const other = { client: 'server', server: 'client' };
const text = Buffer.from('hi');

const FAULTS = {
  reservedOpcode: (role) => changed(frameOf(role, 3, text), 0, 0),
  reservedBit: (role) => changed(frameOf(role, 1, text), 0, 0x20),
  wrongMask: (role) => frameOf(other[role], 1, text),
  longControl: (role) => frameOf(role, 9, Buffer.alloc(126)),
  fragmentedControl: (role) => frameOf(role, 9, text, false),
  badText: (role) => frameOf(role, 1, Buffer.from([0xc3, 0x28])),
  badCloseCode: (role) => frameOf(role, 8, closePayload(1005)),
  halfCloseCode: (role) => frameOf(role, 8, Buffer.alloc(1, 3)),
  badCloseReason: (role) =>
    frameOf(role, 8, Buffer.concat([closePayload(1000), Buffer.from([0xff])])),
  loneContinuation: (role) => frameOf(role, 0, text),
  interleaved: (role) => Buffer.concat([frameOf(role, 1, text, false), frameOf(role, 2, text)]),
  hugeLength: (role) => {
    const head = Buffer.alloc(10);
    head[0] = 0x82;
    head[1] = role === 'client' ? 0xff : 0x7f;
    head.writeBigUInt64BE(2n ** 52n, 2);
    return Buffer.concat([head, KEY]);
  },
  longLength: (role) => {
    const head = Buffer.from([0x81, role === 'client' ? 0xfe : 0x7e, 0, 2]);
    return role === 'client' ? Buffer.concat([head, KEY, text]) : Buffer.concat([head, text]);
  },
};

/** Writes bytes that no peer in that role may send. */
export function faultyFrame(role, which) {
  return FAULTS[which](role);
}

/** Writes a client's request. */
export function requestOf({ target = '/', link, deflate, isPartial }) {
  const lines = [
    `GET ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `X-Link: ${link}`,
  ];
  if (deflate) {
    lines.push(
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    );
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n${isPartial ? '' : '\r\n'}`, 'latin1');
}

/** Bytes before a right opening handshake, or instead of one. */
export const GARBAGE = Buffer.from(
  'HELO example.com\r\n\0\x01\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n',
  'latin1',
);
export const REFUSAL = Buffer.from(
  'HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n',
  'latin1',
);
