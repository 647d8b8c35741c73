/**
 * Compressed messages that are larger than they seem, or broken. Limits count inflated bytes, memory stays near the
 * limits, and an error of zlib fails nothing but its connection.
 */
import { describe, expect, it } from 'vitest';
import { contract, rejection } from '../contract/contract.ts';
import { exchange, open, start } from '../server/running-server.ts';
import { BAD_BLOCK, bomb, compressed, compressedFragments, deflated } from '../support/deflated.ts';
import { concat, type FrameFields, frame, KEY, parseFrames } from '../support/frames.ts';
import { latin1, request } from '../support/handshakes.ts';
import { closeCodeIn, sendBytes } from '../support/peer/index.ts';

const LIMIT = 100_000;

interface Case {
  /** Frames that the peer sends after a valid message. */
  frames: () => readonly FrameFields[];
  code: number;
}

// CVE-2018-1000518, CVE-2016-10544, CVE-2026-1526, CVE-2026-54490: compressed bytes were limited, and inflated ones
// were not. GHSA-3wwx-pv8p-q78v: zlib fails after the limit has ended the connection.
const CASES: Readonly<Record<string, Case>> = {
  'a frame that inflates beyond the limit': {
    frames: () => [compressed(bomb(64))],
    code: 1009,
  },
  'a frame that inflates to one byte more than the limit': {
    frames: () => [compressed(deflated(new Uint8Array(LIMIT + 1)))],
    code: 1009,
  },
  'fragments that inflate beyond the limit together': {
    frames: () => compressedFragments(deflated(new Uint8Array(2 * LIMIT)), 20),
    code: 1009,
  },
  'text that inflates beyond the limit': {
    frames: () => [compressed(deflated('x'.repeat(LIMIT + 1)), 1)],
    code: 1009,
  },
  'a compressed frame longer than anything that could fit': {
    frames: () => [{ opcode: 2, rsv: 4, length: BigInt(2 * LIMIT) }],
    code: 1009,
  },
  'a bad block after the limit was passed, in the same frame': {
    frames: () => [compressed(concat(bomb(1), [0, 0, 0xff, 0xff], BAD_BLOCK))],
    code: 1009,
  },
  'a bad block in the frame after the one that passed the limit': {
    frames: () => [compressed(bomb(1)), compressed(BAD_BLOCK)],
    code: 1009,
  },
  'a bad block': { frames: () => [compressed(BAD_BLOCK)], code: 1007 },
  'a bad block in a later fragment': {
    frames: () => [
      { opcode: 2, rsv: 4, payload: deflated('x', true), isFinal: false },
      { opcode: 0, payload: BAD_BLOCK },
    ],
    code: 1007,
  },
  'compressed text that is not UTF-8': {
    frames: () => [compressed(deflated(Uint8Array.of(0xff, 0xfe)), 1)],
    code: 1007,
  },
  'RSV1 on a continuation of a compressed message': {
    frames: () => [
      { opcode: 2, rsv: 4, payload: deflated('x', true), isFinal: false },
      { opcode: 0, rsv: 4, payload: [0] },
    ],
    code: 1002,
  },
  'RSV1 on a ping, though compression was negotiated': {
    frames: () => [{ opcode: 9, rsv: 4 }],
    code: 1002,
  },
  'RSV2 on a compressed message': {
    frames: () => [{ opcode: 2, rsv: 6, payload: deflated('x') }],
    code: 1002,
  },
  'a compressed message in more fragments than are allowed': {
    frames: () =>
      Array.from({ length: 65 }, (_, i) => ({
        opcode: i === 0 ? 2 : 0,
        rsv: i === 0 ? 4 : 0,
        isFinal: false,
      })),
    code: 1009,
  },
};

/** One for each close code, and one that fails before anything is inflated: they are tried in every way. */
const EVERYWHERE = [
  'fragments that inflate beyond the limit together',
  'a compressed frame longer than anything that could fit',
  'a bad block in a later fragment',
  'RSV1 on a continuation of a compressed message',
];

const TAKEOVER: Readonly<Record<string, { answer: string; options: object }>> = {
  'with context takeover': { answer: 'permessage-deflate', options: {} },
  'without context takeover': {
    answer: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    options: { serverNoContextTakeover: true, clientNoContextTakeover: true },
  },
};
const LIMITS = { maxMessageSize: LIMIT, maxFragments: 64 };

contract('compressed messages that are wrong', ({ connectTo, face, it }) => {
  for (const [how, { answer, options }] of Object.entries(TAKEOVER)) {
    for (const [what, { frames, code }] of Object.entries(CASES)) {
      const isCore = how === 'with context takeover' && EVERYWHERE.includes(what);
      const register = isCore ? it.everywhere : it;
      register(`fails the connection for ${what}, ${how}`, async () => {
        const bytes = concat(
          ...[compressed(deflated('before'), 1), ...frames()].map((fields) => frame(fields)),
        );
        const { client, script } = await connectTo(
          [sendBytes(bytes)],
          { perMessageDeflate: options, ...LIMITS },
          { opening: { headers: { 'Sec-WebSocket-Extensions': answer } } },
        );
        expect(await client.recv()).toBe('before');
        const error = await rejection(client.recv());
        const { MessageTooBigError, RemoteProtocolError } = face.errors;
        expect(error).toBeInstanceOf(code === 1009 ? MessageTooBigError : RemoteProtocolError);
        expect(error).toMatchObject({ closeCode: code });
        await client.closed();
        expect(closeCodeIn(await script.seen())).toBe(code);
      });
    }
  }

  it.everywhere('takes a message that inflates to exactly the limit', async () => {
    const bytes = frame(compressed(deflated(new Uint8Array(LIMIT))));
    const { client } = await connectTo(
      [sendBytes(bytes)],
      { perMessageDeflate: true, ...LIMITS },
      { opening: { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } } },
    );
    expect(await client.recv()).toHaveLength(LIMIT);
  });

  // CVE-2026-2229: an invalid size of a window must not reach zlib.
  for (const parameter of ['server_max_window_bits', 'client_max_window_bits']) {
    for (const value of ['7', '16', '0', '99', '', '-9', '08', '9.0', 'x', '__proto__']) {
      it(`fails the handshake for the answer ${parameter}=${value} (RFC 7692 §7.1.2)`, async () => {
        const answer = `permessage-deflate; ${parameter}=${value}`;
        const error = await rejection(
          connectTo(
            [],
            { perMessageDeflate: true },
            { opening: { headers: { 'Sec-WebSocket-Extensions': answer } } },
          ),
        );
        expect(error).toBeInstanceOf(face.errors.NegotiationError);
      });
    }
  }

  for (const answer of [
    'permessage-deflate; server_max_window_bits=9; server_max_window_bits=9',
    'permessage-deflate, permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; constructor',
    'permessage-deflate; __proto__=1',
    'permessage-deflate;',
    'constructor',
  ]) {
    it(`fails the handshake for the answer '${answer}' (RFC 7692 §7.1)`, async () => {
      const error = await rejection(
        connectTo(
          [],
          { perMessageDeflate: true },
          { opening: { headers: { 'Sec-WebSocket-Extensions': answer } } },
        ),
      );
      expect(error).toBeInstanceOf(face.errors.NegotiationError);
    });
  }
});

describe('a client that sends invalid compressed messages', () => {
  const cases = Object.entries(TAKEOVER).flatMap(([how, { answer }]) =>
    Object.entries(CASES).map(([what, each]) => ({ what, how, answer, ...each })),
  );
  it.each(cases)('is failed for $what, $how', async ({ frames, code, answer }) => {
    const messages: string[] = [];
    const errors: object[] = [];
    const server = await start({
      perMessageDeflate: true,
      ...LIMITS,
      handlers: {
        message: (_, data) => void messages.push(Buffer.from(data).toString()),
        error: (_, error) => void errors.push(error),
      },
    });
    const bystander = await open(server, { perMessageDeflate: true });
    const bytes = concat(
      ...[compressed(deflated('before'), 1), ...frames()].map((fields) =>
        frame({ key: KEY, ...fields }),
      ),
    );
    const reply = await exchange(
      server,
      Buffer.concat([request({ 'Sec-WebSocket-Extensions': answer }), bytes]),
    );
    expect(reply).toContain('Sec-WebSocket-Extensions: permessage-deflate');
    const sent = parseFrames(latin1(reply.slice(reply.indexOf('\r\n\r\n') + 4)));
    expect(sent).toHaveLength(1);
    expect(sent[0]?.payload).toEqual(Uint8Array.of(code >> 8, code & 0xff));
    expect(messages).toEqual(['before']);
    expect(errors).toEqual([expect.objectContaining({ closeCode: code })]);
    expect(bystander.state).toBe('open');
  });

  it.each([
    ...['7', '16', '0', '99', '""', '08', '9.0', 'x'].flatMap((value) => [
      `server_max_window_bits=${value}`,
      `client_max_window_bits=${value}`,
    ]),
    'server_max_window_bits',
    'server_max_window_bits=9; server_max_window_bits=9',
    'constructor',
    '__proto__=1',
  ])('is declined compression where it offers %s (RFC 7692 §7.1)', async (parameter) => {
    const server = await start({ perMessageDeflate: true });
    const reply = await exchange(
      server,
      Buffer.concat([
        request({ 'Sec-WebSocket-Extensions': `permessage-deflate; ${parameter}` }),
        frame({ opcode: 8, key: KEY }),
      ]),
    );
    expect(reply).not.toContain('Sec-WebSocket-Extensions:');
    expect(reply).toMatch(parameter.includes('""') ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 101 /);
  });
});
