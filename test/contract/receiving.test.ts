import { expect } from 'vitest';
import { ECHO, END, send, sendClose, sendText, sleep, waitFor } from '../support/peer/index.ts';
import { ALL_WAYS, contract, rejection } from './contract.ts';
import { FACES } from './faces.ts';

// The events client has neither recv nor iteration: its handlers are tested in test/client.
contract(
  'recv and iteration',
  ({ connectTo, face, it }) => {
    if (!face.hasRecv) {
      it.everywhere('is for those who have recv', () => {
        expect(FACES.filter(({ hasRecv }) => hasRecv)).toHaveLength(2);
      });
      return;
    }

    it.everywhere('recv gives up after its timeout and the connection stays usable', async () => {
      const { client } = await connectTo([ECHO]);
      const start = performance.now();
      const error = await rejection(client.recv({ timeout: 60 }));
      const elapsed = performance.now() - start;
      expect(error).toBeInstanceOf(face.errors.TimeoutError);
      expect(error).toMatchObject({ operation: 'recv', timeout: 60, code: 'WS_TIMEOUT' });
      expect(elapsed).toBeGreaterThanOrEqual(58);
      expect(elapsed).toBeLessThan(600);
      await client.send('after');
      expect(await client.recv({ timeout: 5000 })).toBe('after');
    });

    it.everywhere('recv has receiveTimeout where the call names none', async () => {
      const { client } = await connectTo([ECHO], { receiveTimeout: 50 });
      expect(await rejection(client.recv())).toMatchObject({ operation: 'recv', timeout: 50 });
      await client.send('after');
      expect(await client.recv({ timeout: 5000 })).toBe('after');
    });

    it.everywhere(
      'recv may give up in the middle of a message and get the whole of it later',
      async () => {
        const { client } = await connectTo([
          { send: '8206010203' },
          waitFor('message'),
          { send: '040506' },
          send({ opcode: 1, payload: 'to be ', isFinal: false }),
          waitFor('message'),
          send({ opcode: 0, payload: 'continued' }),
        ]);
        expect(await rejection(client.recv({ timeout: 50 }))).toMatchObject({ operation: 'recv' });
        await client.send('go on');
        expect(await client.recv()).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
        expect(await rejection(client.recv({ timeout: 50 }))).toMatchObject({ operation: 'recv' });
        await client.send('go on');
        expect(await client.recv()).toBe('to be continued');
      },
    );

    it.everywhere('recv with a timeout returns at once what is there', async () => {
      const { client } = await connectTo([sendText('one'), sendText('two')]);
      expect(await client.recv({ timeout: 5000 })).toBe('one');
      await client.happens(() => client.properties.stats().messagesReceived === 2);
      const start = performance.now();
      expect(await client.recv({ timeout: 5000 })).toBe('two');
      expect(performance.now() - start).toBeLessThan(500);
    });

    if (face.name === 'async') {
      it.everywhere('throws ConcurrencyError for a second recv while one waits', async () => {
        const { client } = await connectTo([waitFor('message'), sendText('for the first')]);
        const first = client.recv();
        const error = await rejection(client.recv());
        expect(error).toBeInstanceOf(face.errors.ConcurrencyError);
        expect(error).toMatchObject({ code: 'WS_CONCURRENCY' });
        await client.send('go');
        expect(await first).toBe('for the first');
      });
    }

    for (const code of [1000, 1001, undefined]) {
      const register = code === 1000 ? it.everywhere : it;
      register(`iteration ends where the peer closes with ${code ?? 'no code'}`, async () => {
        const { client } = await connectTo([sendText('one'), sendText('two'), sendClose(code)]);
        expect(await client.iterate()).toEqual(['one', 'two']);
        expect(await client.iterate()).toEqual([]);
        expect(await rejection(client.recv())).toBeInstanceOf(face.errors.ConnectionClosedError);
      });
    }

    for (const code of [1002, 1003, 1011, 1013, 4000]) {
      const register = code === 1011 ? it.everywhere : it;
      register(`iteration throws where the peer closes with ${code}`, async () => {
        const { client } = await connectTo([sendText('one'), sendClose(code, 'why')]);
        const error = await rejection(client.iterate());
        expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
        expect(error).toMatchObject({ closeCode: code, reason: 'why' });
      });
    }

    it.everywhere('iteration throws where the peer vanishes', async () => {
      const { client } = await connectTo([sendText('one'), sleep(20), END]);
      expect(await rejection(client.iterate())).toMatchObject({ closeCode: 1006 });
    });

    it.everywhere('iteration throws where the peer breaks the protocol', async () => {
      const { client } = await connectTo([sendText('one'), send({ opcode: 3 })]);
      expect(await rejection(client.iterate())).toBeInstanceOf(face.errors.RemoteProtocolError);
    });

    it('iteration ends where the client closed', async () => {
      const { client } = await connectTo([ECHO]);
      await client.close(4000, 'ours');
      expect(await client.iterate()).toEqual([]);
    });
  },
  ALL_WAYS,
);
