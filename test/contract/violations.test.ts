import { expect, it } from 'vitest';
import { closePayload, concat, frame, KEY } from '../support/frames.ts';
import { closeCodeIn, END, type Step, send, sendBytes, sendText } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const start = frame({ opcode: 1, payload: 'start', isFinal: false });

/** What the peer does wrong, and the close code that it must be told. */
const VIOLATIONS: readonly [string, Step, number][] = [
  ['a masked frame (§5.1)', send({ opcode: 1, payload: 'masked', key: KEY }), 1002],
  ['a reserved data opcode (§5.2)', send({ opcode: 3 }), 1002],
  ['a reserved control opcode (§5.2)', send({ opcode: 0xb }), 1002],
  ['RSV1 without an extension (§5.2)', send({ opcode: 1, payload: 'x', rsv: 4 }), 1002],
  ['RSV2 (§5.2)', send({ opcode: 2, payload: 'x', rsv: 2 }), 1002],
  ['RSV3 on a ping (§5.2)', send({ opcode: 9, rsv: 1 }), 1002],
  [
    'a length of 64 bits above 2^63 (§5.2)',
    sendBytes(frame({ opcode: 2, length: 1n << 63n })),
    1002,
  ],
  [
    'a length in more bytes than it needs (§5.2)',
    send({ opcode: 2, payload: 'x', lengthBytes: 2 }),
    1002,
  ],
  [
    'a length in 8 bytes where 2 would do (§5.2)',
    send({ opcode: 2, payload: 'x'.repeat(300), lengthBytes: 8 }),
    1002,
  ],
  ['a ping above 125 bytes (§5.5)', send({ opcode: 9, payload: 'x'.repeat(126) }), 1002],
  [
    'a close frame above 125 bytes (§5.5)',
    send({ opcode: 8, payload: closePayload(1000, 'x'.repeat(124)) }),
    1002,
  ],
  ['a fragmented ping (§5.5)', send({ opcode: 9, isFinal: false }), 1002],
  ['a continuation of nothing (§5.4)', send({ opcode: 0, payload: 'x' }), 1002],
  [
    'a new message inside a fragmented one (§5.4)',
    sendBytes(concat(start, frame({ opcode: 1, payload: 'new' }))),
    1002,
  ],
  ['text that is not UTF-8 (§8.1)', send({ opcode: 1, payload: [0x61, 0xff, 0x62] }), 1007],
  ['an overlong form in text (§8.1)', send({ opcode: 1, payload: [0xc0, 0xaf] }), 1007],
  ['a surrogate in text (§8.1)', send({ opcode: 1, payload: [0xed, 0xa0, 0x80] }), 1007],
  ['text that ends inside a character (§8.1)', send({ opcode: 1, payload: [0xe2, 0x82] }), 1007],
  [
    'fragments that are not UTF-8 (§8.1)',
    sendBytes(concat(start, frame({ opcode: 0, payload: [0x80], isFinal: false }))),
    1007,
  ],
  ['a close frame of one byte (§5.5.1)', send({ opcode: 8, payload: [3] }), 1002],
  ['a close code below 1000 (§7.4)', send({ opcode: 8, payload: closePayload(999) }), 1002],
  ['the close code 1005 (§7.4.1)', send({ opcode: 8, payload: closePayload(1005) }), 1002],
  ['the close code 1006 (§7.4.1)', send({ opcode: 8, payload: closePayload(1006) }), 1002],
  ['an unassigned close code (§7.4)', send({ opcode: 8, payload: closePayload(2000) }), 1002],
  [
    'a close reason that is not UTF-8 (§5.5.1)',
    send({ opcode: 8, payload: closePayload(1000, [0xff]) }),
    1007,
  ],
];

contract('protocol violations', ({ connectTo, face }) => {
  for (const [what, step, code] of VIOLATIONS) {
    it(`fails the connection with ${code} for ${what}`, async () => {
      const { client, script } = await connectTo([sendText('before'), step]);
      expect(await client.recv()).toBe('before');
      const error = await rejection(client.recv());
      expect(error).toBeInstanceOf(face.errors.RemoteProtocolError);
      expect(error).toMatchObject({ closeCode: code, code: 'WS_REMOTE_PROTOCOL' });
      expect(error.message).toMatch(/RFC 6455/);
      await client.closed();
      expect(client.properties.state).toBe('closed');
      expect(closeCodeIn(await script.seen())).toBe(code);
    });
  }

  it('delivers what came before the violation, and nothing after it', async () => {
    const { client } = await connectTo([
      sendText('one'),
      sendText('two'),
      send({ opcode: 5 }),
      sendText('three'),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await client.recv()).toBe('one');
    expect(await client.recv()).toBe('two');
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.RemoteProtocolError);
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.WebSocketError);
  });

  it('refuses to send afterwards, and says why', async () => {
    const { client } = await connectTo([send({ opcode: 5 })]);
    const why = await rejection(client.recv());
    const error = await rejection(client.send('text'));
    expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
    expect(error).toMatchObject({ wasClean: false, sent: { code: 1002 }, received: undefined });
    expect(error.cause).toBe(why);
    await client.closed();
    expect(client.properties.closeCode).toBe(1006);
  });

  it('tells of the violation although the peer ends the connection right after it', async () => {
    const { client } = await connectTo([send({ opcode: 5 }), END]);
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.RemoteProtocolError);
  });

  it('does not wait for a peer that stays after it was failed', async () => {
    const { client } = await connectTo(
      [send({ opcode: 5 })],
      { closeTimeout: 200 },
      {
        ignoresClose: true,
        ignoresEnd: true,
      },
    );
    const since = performance.now();
    await rejection(client.recv());
    await client.closed();
    expect(performance.now() - since).toBeLessThan(1200);
  });
});
