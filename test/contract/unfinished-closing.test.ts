import { expect } from 'vitest';
import {
  END,
  RESET,
  STOP_READING,
  sendClose,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { ALL_WAYS, contract, rejection } from './contract.ts';

contract(
  'a peer that does not close as it should',
  ({ connectTo, face, it }) => {
    it.everywhere('ends with 1006 where the peer vanishes without a close frame', async () => {
      const { client } = await connectTo([waitFor('message'), sendText('last'), END]);
      await client.send('go');
      expect(await client.recv()).toBe('last');
      const error = await rejection(client.recv());
      expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
      expect(error).toMatchObject({ closeCode: 1006, reason: '', wasClean: false });
      await client.closed();
      expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
    });

    it.everywhere('ends with 1006 where the peer vanishes while recv waits', async () => {
      const { client } = await connectTo([sleep(20), END]);
      expect(await rejection(client.recv())).toMatchObject({ closeCode: 1006 });
    });

    it.everywhere('ends with 1006 where the connection is reset while recv waits', async () => {
      const { client } = await connectTo([waitFor('message'), sleep(20), RESET]);
      await client.send('go');
      const error = await rejection(client.recv());
      expect(error).toBeInstanceOf(face.errors.WebSocketError);
      await client.closed();
      expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
      expect(await rejection(client.send('x'))).toMatchObject({
        name: 'ConnectionClosedError',
        closeCode: 1006,
        wasClean: false,
      });
    });

    it.everywhere('ends with 1006 where the peer vanishes in the middle of a message', async () => {
      const { client } = await connectTo([{ send: '820a0102' }, sleep(20), END]);
      expect(await rejection(client.recv())).toMatchObject({ closeCode: 1006 });
    });

    it('a send fails soon after the peer has vanished', async () => {
      const { client } = await connectTo([waitFor('message'), RESET]);
      await client.send('go');
      const error = await rejection(
        (async () => {
          // The system may take the first of them before it knows.
          for (let i = 0; i < 100; i++) {
            await client.send(new Uint8Array(10_000));
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        })(),
      );
      expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
      await client.closed();
      expect(client.properties.closeCode).toBe(1006);
    });

    it('a large message fails where the connection is reset while the peer does not take it', async () => {
      const { client } = await connectTo([waitFor('message'), STOP_READING, sleep(50), RESET]);
      await client.send('go');
      const error = await rejection(
        (async () => {
          // More than any system buffers.
          for (let i = 0; i < 10; i++) await client.send(new Uint8Array(8 * 1024 * 1024));
        })(),
      );
      expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
      await client.closed();
      expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
    });

    it.everywhere(
      'gives up after closeTimeout where the peer never answers the close frame',
      async () => {
        const { client, script } = await connectTo(
          [],
          { closeTimeout: 80 },
          { ignoresClose: true },
        );
        const start = performance.now();
        await client.close(1000);
        const elapsed = performance.now() - start;
        expect(elapsed).toBeGreaterThanOrEqual(75);
        expect(elapsed).toBeLessThan(1200);
        expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
        expect((await script.seen()).frames).toHaveLength(1);
      },
    );

    it.everywhere(
      'gives up after closeTimeout where the peer never ends the TCP connection',
      async () => {
        const { client } = await connectTo(
          [waitFor('close'), sendClose(1000)],
          { closeTimeout: 80 },
          {
            ignoresClose: true,
            ignoresEnd: true,
          },
        );
        const start = performance.now();
        await client.close(1000);
        expect(performance.now() - start).toBeLessThan(1200);
        // Close frames went both ways: only the end of the TCP connection was late.
        expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1000 });
      },
    );

    it.everywhere('closes while the peer keeps sending and never answers', async () => {
      const flood = Array.from({ length: 40 }, () => [sendText('more'), sleep(10)]).flat();
      const { client } = await connectTo(flood, { closeTimeout: 80 }, { ignoresClose: true });
      const start = performance.now();
      await client.close(1000);
      expect(performance.now() - start).toBeLessThan(1200);
      expect(client.properties.state).toBe('closed');
    });

    it.everywhere('ends at once where the peer answers the close frame by vanishing', async () => {
      const { client } = await connectTo([waitFor('close'), RESET], undefined, {
        ignoresClose: true,
      });
      const start = performance.now();
      await client.close(1000);
      expect(performance.now() - start).toBeLessThan(1000);
      expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
    });
  },
  ALL_WAYS,
);
