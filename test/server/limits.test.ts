/**
 * A server keeps the limits of messages as a client does, over TLS and byte by byte too.
 */
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { MessageTooBigError } from 'wirespeed';
import { concat, type FrameFields, frame, KEY, parseFrames } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { sockets, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const ca = certificate('authority');
const TLS = { cert: certificate('localhost'), key: certificate('server-key') };

const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(0x61);
const fragments = (count: number, size: number, isFinal = true): FrameFields[] =>
  Array.from({ length: count }, (_, i) => ({
    opcode: i === 0 ? 2 : 0,
    payload: bytes(size),
    isFinal: isFinal && i === count - 1,
  }));

const TAKEN: readonly [string, readonly FrameFields[], number][] = [
  ['one frame of exactly maxMessageSize', [{ opcode: 2, payload: bytes(100) }], 100],
  ['text of exactly maxMessageSize', [{ opcode: 1, payload: 'é'.repeat(50) }], 100],
  ['fragments that are together exactly maxMessageSize', fragments(4, 25), 100],
  ['exactly maxFragments', fragments(5, 0), 0],
];
const REFUSED: readonly [string, readonly FrameFields[], number][] = [
  ['one frame above maxMessageSize', [{ opcode: 2, payload: bytes(101) }], 100],
  ['text above it in bytes, not in characters', [{ opcode: 1, payload: 'é'.repeat(51) }], 100],
  ['fragments that are together above it', fragments(5, 25), 100],
  ['fragments above it without an end', fragments(5, 25, false), 100],
  ['a header that declares more', [{ opcode: 2, length: 1n << 40n }], 100],
  ['more than maxFragments, all empty', fragments(6, 0), 5],
];

describe.each([
  ['plain', undefined, Number.POSITIVE_INFINITY],
  ['over TLS', TLS, Number.POSITIVE_INFINITY],
  ['byte by byte', undefined, 1],
])('a server, %s,', (_, tls, pieceSize) => {
  interface Seen {
    sizes: number[];
    errors: MessageTooBigError[];
    /** The close codes in the server's frames. */
    closes: number[];
  }

  /** Sends frames and a close frame to a server; returns what the server made of them. */
  async function sent(frames: readonly FrameFields[]): Promise<Seen> {
    const seen: Seen = { sizes: [], errors: [], closes: [] };
    const server = await start({
      tls,
      maxMessageSize: 100,
      maxFragments: 5,
      handlers: {
        message: (_ws, data) => void seen.sizes.push(Buffer.byteLength(data)),
        error: (_ws, error) => void seen.errors.push(error as MessageTooBigError),
      },
    });
    const address = { port: server.port, host: '127.0.0.1', noDelay: true };
    const socket = tls === undefined ? connectTcp(address) : connectTls({ ...address, ca });
    sockets.push(socket);
    const answer: Uint8Array[] = [];
    socket.on('data', (piece) => answer.push(piece));
    socket.on('error', () => {});
    const close: FrameFields = { opcode: 8, payload: [3, 232] };
    const stream = concat(
      request(),
      ...[...frames, close].map((fields) => frame({ key: KEY, ...fields })),
    );
    const ended = new Promise((resolve) => socket.once('close', resolve));
    for (let at = 0; at < stream.length; at += pieceSize) {
      socket.write(stream.subarray(at, at + pieceSize));
      if (pieceSize === 1) await new Promise(setImmediate);
    }
    await ended;
    const all = Buffer.concat(answer);
    seen.closes = parseFrames(all.subarray(all.indexOf('\r\n\r\n') + 4)).map(({ payload }) =>
      Buffer.from(payload).readUInt16BE(),
    );
    return seen;
  }

  it.each(TAKEN)('takes %s', async (__, frames, size) => {
    expect(await sent(frames)).toEqual({ sizes: [size], errors: [], closes: [1000] });
  });

  it.each(REFUSED)('fails with 1009 for %s', async (__, frames, limit) => {
    expect(await sent(frames)).toEqual({
      sizes: [],
      errors: [expect.objectContaining({ code: 'WS_MESSAGE_TOO_BIG', closeCode: 1009, limit })],
      closes: [1009],
    });
  });
});
