import { expect } from 'vitest';
import { ECHO, RESET, send, sendText, waitFor } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');

contract('pings and pongs', ({ connectTo, face, it }) => {
  it.everywhere('ping tells the round-trip time in milliseconds', async () => {
    const { client, script } = await connectTo([ECHO]);
    const start = performance.now();
    const time = await client.ping();
    expect(time).toBeGreaterThanOrEqual(0);
    expect(time).toBeLessThanOrEqual(performance.now() - start);
    await client.close();
    expect((await script.seen()).frames[0]).toMatchObject({ opcode: 9 });
  });

  it.everywhere('ping sends the payload it is given', async () => {
    const { client, script } = await connectTo([ECHO]);
    await client.ping('text');
    await client.ping(Uint8Array.of(1, 2, 3).subarray(1));
    await client.ping('x'.repeat(125));
    await client.close();
    const pings = (await script.seen()).frames.filter(({ opcode }) => opcode === 9);
    expect(pings.map(({ payload }) => payload)).toEqual([
      hex('text'),
      '0203',
      hex('x'.repeat(125)),
    ]);
  });

  it.everywhere('messages that come before the pong are kept', async () => {
    const { client } = await connectTo(
      [waitFor('ping'), sendText('one'), sendText('two'), send({ opcode: 10, payload: 'p' })],
      undefined,
      { ignoresPings: true },
    );
    await client.ping('p');
    expect(await client.recv()).toBe('one');
    expect(await client.recv()).toBe('two');
  });

  it.everywhere('pong goes out with its payload, unasked', async () => {
    const { client, script } = await connectTo([waitFor('pong', 2), sendText('seen')]);
    await client.pong('beat');
    await client.pong();
    expect(await client.recv()).toBe('seen');
    await client.close();
    const pongs = (await script.seen()).frames.filter(({ opcode }) => opcode === 10);
    expect(pongs.map(({ payload }) => payload)).toEqual([hex('beat'), '']);
  });

  for (const length of [0, 1, 125]) {
    it.everywhere(
      `answers a ping of ${length} bytes with the same payload (RFC 6455 §5.5.3)`,
      async () => {
        const payload = 'p'.repeat(length);
        const { client, script } = await connectTo([
          send({ opcode: 9, payload }),
          waitFor('pong'),
          sendText('answered'),
        ]);
        expect(await client.recv()).toBe('answered');
        await client.close();
        const pongs = (await script.seen()).frames.filter(({ opcode }) => opcode === 10);
        expect(pongs.map((pong) => pong.payload)).toEqual([hex(payload)]);
      },
    );
  }

  it.everywhere('leaves pings unanswered with autoPong: false', async () => {
    const { client, script } = await connectTo([send({ opcode: 9 }), sendText('after')], {
      autoPong: false,
    });
    expect(await client.recv()).toBe('after');
    await client.close();
    expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([8]);
  });

  it('takes pongs that nobody asked for', async () => {
    const { client } = await connectTo([
      send({ opcode: 10 }),
      send({ opcode: 10, payload: 'unasked' }),
      sendText('after'),
    ]);
    expect(await client.recv()).toBe('after');
  });

  it('rejects a payload above 125 bytes and sends nothing (RFC 6455 §5.5)', async () => {
    const { client, script } = await connectTo([ECHO]);
    const { LocalProtocolError } = face.errors;
    expect(await rejection(client.ping('x'.repeat(126)))).toBeInstanceOf(LocalProtocolError);
    expect(await rejection(client.pong(new Uint8Array(126)))).toBeInstanceOf(LocalProtocolError);
    // 63 characters, 126 bytes.
    expect(await rejection(client.ping('é'.repeat(63)))).toBeInstanceOf(LocalProtocolError);
    await client.send('still here');
    expect(await client.recv()).toBe('still here');
    await client.close();
    expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
  });

  if (face.hasRecv) {
    it.everywhere('a ping under way fails when the connection is lost', async () => {
      const { client } = await connectTo([waitFor('ping'), RESET], undefined, {
        ignoresPings: true,
      });
      expect(await rejection(client.ping())).toBeInstanceOf(face.errors.WebSocketError);
    });
  }

  it('keeps the time of the last round trip as latency', async () => {
    const { client } = await connectTo([ECHO]);
    expect(client.properties.latency).toBeUndefined();
    await client.ping();
    expect(client.properties.latency).toBeGreaterThanOrEqual(0);
  });
});
