/**
 * permessage-deflate (RFC 7692) in every client, against a peer that answers as a script says.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect } from 'vitest';
import { ECHO, END, type Opening, send, sendClose, waitFor } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const RSV1 = 4;

function deflate(bytes: Uint8Array | string): Buffer {
  const deflated = deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  return deflated.subarray(0, deflated.length - 4);
}

function inflate(hex: string | undefined): string {
  const bytes = Buffer.from(`${hex}0000ffff`, 'hex');
  return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

/** The peer's answer to an offer. */
function answer(extensions: string): { opening: Opening } {
  return { opening: { headers: { 'Sec-WebSocket-Extensions': extensions } } };
}

const AGREED = answer('permessage-deflate');

contract('compression', ({ connectTo, face, it }) => {
  const options = { perMessageDeflate: { threshold: 0 } };

  it('is not offered by default', async () => {
    const { client, script } = await connectTo([ECHO]);
    await client.close();
    const { request } = await script.seen();
    expect(request.headers.map(([name]) => name.toLowerCase())).not.toContain(
      'sec-websocket-extensions',
    );
  });

  it.everywhere(
    'is offered if it is asked for, and goes on without if the server declines',
    async () => {
      const { client, script } = await connectTo([ECHO], { perMessageDeflate: true });
      expect(client.properties.extensions).toBe('');
      await client.send('x'.repeat(5000));
      expect((await client.recv()).length).toBe(5000);
      await client.close();
      const { request } = await script.seen();
      expect(request.headers).toContainEqual([
        'Sec-WebSocket-Extensions',
        'permessage-deflate; client_max_window_bits',
      ]);
    },
  );

  it.everywhere('inflates what comes, and compresses what goes', async () => {
    const steps = [
      send({ opcode: 1, rsv: RSV1, payload: deflate('héllo') }),
      send({ opcode: 2, rsv: RSV1, payload: deflate(Buffer.from([1, 2, 3])) }),
      send({ opcode: 1, payload: 'plain' }),
      waitFor('message', 2),
      sendClose(1000),
    ];
    const { client, script } = await connectTo(steps, options, AGREED);
    expect(client.properties.extensions).toBe('permessage-deflate');
    expect(await client.recv()).toBe('héllo');
    expect([...((await client.recv()) as Uint8Array)]).toEqual([1, 2, 3]);
    expect(await client.recv()).toBe('plain');
    await client.send('one');
    await client.send('two', { compress: false } as object);
    await client.closed();
    const { frames } = await script.seen();
    const [one, two] = frames.filter(({ opcode }) => opcode === 1);
    expect(inflate(one?.payload)).toBe('one');
    expect(Buffer.from(two?.payload ?? '', 'hex').toString()).toBe('two');
  });

  for (const header of [
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=',
    'permessage-deflate; server_max_window_bits=8; server_max_window_bits=8',
    'permessage-deflate, permessage-deflate',
    'x-unknown',
  ]) {
    it(`fails the handshake for the answer '${header}'`, async () => {
      const error = await rejection(connectTo([END], options, answer(header)));
      expect(error).toBeInstanceOf(face.errors.NegotiationError);
      expect(error.message).toContain("'sec-websocket-extensions' header is wrong");
    });
  }

  it.everywhere(
    'sends what the bytes were when send was called, however long compressing takes',
    async () => {
      const { client, script } = await connectTo(
        [waitFor('message', 4), sendClose(1000)],
        options,
        AGREED,
      );
      const sent: Promise<void>[] = [];
      for (const size of [100, 100_000]) {
        // A slice of a Buffer is a view of it, unlike that of any other array.
        for (const bytes of [new Uint8Array(size).fill(0x61), Buffer.alloc(size, 'a')]) {
          sent.push(client.send(bytes));
          bytes.fill(0x62);
        }
      }
      await client.closed();
      await Promise.all(sent);
      const { frames } = await script.seen();
      const payloads = frames.filter(({ opcode }) => opcode === 2).map(({ payload }) => payload);
      // All are one stream of DEFLATE.
      const texts = payloads.map((_, i) => inflate(payloads.slice(0, i + 1).join('0000ffff')));
      expect(texts.map((text) => text.length)).toEqual([100, 200, 100_200, 200_200]);
      expect(texts.at(-1)).toMatch(/^a+$/);
    },
  );

  it.everywhere('fails the connection with 1009 for what inflates beyond the limit', async () => {
    const bomb = deflate(Buffer.alloc(32 * 1024 * 1024));
    const steps = [send({ opcode: 2, rsv: RSV1, payload: bomb }), waitFor('close'), END];
    const limited = { ...options, maxMessageSize: 100_000 };
    const { client, script } = await connectTo(steps, limited, AGREED);
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.MessageTooBigError);
    await client.closed();
    const close = (await script.seen()).frames.find(({ opcode }) => opcode === 8);
    expect(close?.payload).toBe('03f1');
  });

  it.everywhere('fails the connection with 1007 for what is not DEFLATE', async () => {
    const junk = send({ opcode: 2, rsv: RSV1, payload: [0xff, 0xff, 0xff] });
    const { client, script } = await connectTo([junk, waitFor('close'), END], options, AGREED);
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.RemoteProtocolError);
    await client.closed();
    const close = (await script.seen()).frames.find(({ opcode }) => opcode === 8);
    expect(close?.payload).toBe('03ef');
  });
});
