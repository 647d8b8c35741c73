/**
 * A connection that ends while a send is under way settles it, whatever the moment.
 */
import { expect, it } from 'vitest';
import { ECHO, STOP_READING } from '../support/peer/index.ts';
import { open } from './async-connection.ts';

const LARGE = new Uint8Array(8_000_000);

it('a send behind one that fails is rejected, however many microtasks later the connection ends', async () => {
  for (let depth = 0; depth < 14; depth++) {
    const { ws } = await open([STOP_READING]);
    async function* failing(): AsyncGenerator<string> {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield* [];
      throw new Error('the source failed');
    }
    const first = ws.send(failing());
    const second = ws.send(LARGE);
    const ended = first.catch(async () => {
      for (let i = 0; i < depth; i++) await Promise.resolve();
      ws.terminate();
    });
    await expect(second).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    await ended;
    expect(ws.bufferedAmount).toBe(0);
  }
});

it('a send whose generator of masking keys ends the connection is rejected, and nothing stays buffered', async () => {
  let isArmed = false;
  const { ws } = await open([ECHO], {
    generateMaskingKey(keys) {
      keys.fill(1);
      if (isArmed) ws.terminate();
    },
  });
  isArmed = true;
  for (const data of [new Uint8Array(300_000), 'x', ['x', 'y']]) {
    await expect(ws.send(data)).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    expect(ws.bufferedAmount).toBe(0);
  }
});
