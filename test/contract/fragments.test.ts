import { expect } from 'vitest';
import { concat, frame } from '../support/frames.ts';
import { send, sendBytes, sendText, waitFor } from '../support/peer/index.ts';
import { ALL_WAYS, contract } from './contract.ts';

contract(
  'fragments',
  ({ connectTo, it }) => {
    it.everywhere('puts the fragments of a message together', async () => {
      const { client } = await connectTo([
        send({ opcode: 1, payload: 'Hel', isFinal: false }),
        send({ opcode: 0, payload: 'l', isFinal: false }),
        send({ opcode: 0, payload: 'o' }),
        send({ opcode: 2, payload: [1, 2], isFinal: false }),
        send({ opcode: 0, payload: [3] }),
      ]);
      expect(await client.recv()).toBe('Hello');
      expect(await client.recv()).toEqual(Uint8Array.of(1, 2, 3));
    });

    it.everywhere('puts together a character that is cut between fragments', async () => {
      const [a = 0, b = 0, c = 0, d = 0] = Buffer.from('𝄞');
      const { client } = await connectTo([
        send({ opcode: 1, payload: [a], isFinal: false }),
        send({ opcode: 0, payload: [b, c], isFinal: false }),
        send({ opcode: 0, payload: [d] }),
      ]);
      expect(await client.recv()).toBe('𝄞');
    });

    it.everywhere('takes empty fragments, also as the first and the last', async () => {
      const { client } = await connectTo([
        send({ opcode: 1, isFinal: false }),
        send({ opcode: 0, payload: 'text', isFinal: false }),
        send({ opcode: 0, isFinal: false }),
        send({ opcode: 0 }),
        send({ opcode: 2, isFinal: false }),
        send({ opcode: 0 }),
      ]);
      expect(await client.recv()).toBe('text');
      expect(await client.recv()).toEqual(new Uint8Array(0));
    });

    it.everywhere('answers pings between the fragments and keeps the message whole', async () => {
      const { client, script } = await connectTo([
        send({ opcode: 2, payload: [1], isFinal: false }),
        send({ opcode: 9, payload: 'one' }),
        waitFor('pong'),
        send({ opcode: 0, payload: [2], isFinal: false }),
        send({ opcode: 9, payload: 'two' }),
        waitFor('pong'),
        send({ opcode: 10, payload: 'unasked' }),
        send({ opcode: 0, payload: [3] }),
      ]);
      expect(await client.recv()).toEqual(Uint8Array.of(1, 2, 3));
      await client.close();
      const pongs = (await script.seen()).frames.filter(({ opcode }) => opcode === 10);
      expect(pongs.map(({ payload }) => payload)).toEqual([
        Buffer.from('one').toString('hex'),
        Buffer.from('two').toString('hex'),
      ]);
    });

    it.everywhere('takes a message of 1,000 fragments of one byte', async () => {
      const pieces = Array.from({ length: 1000 }, (_, i) =>
        frame({ opcode: i === 0 ? 2 : 0, payload: [i & 0xff], isFinal: i === 999 }),
      );
      const { client } = await connectTo([sendBytes(concat(...pieces)), sendText('after')]);
      const message = (await client.recv()) as Uint8Array;
      expect([...message]).toEqual(Array.from({ length: 1000 }, (_, i) => i & 0xff));
      expect(await client.recv()).toBe('after');
    });
  },
  ALL_WAYS,
);
