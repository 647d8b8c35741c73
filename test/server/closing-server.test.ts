/**
 * A server goes on if it is closed with a code or a reason that may not be sent.
 */
import { expect, it } from 'vitest';
import { open, start } from './running-server.ts';

it.each([
  [999, '', RangeError],
  [1005, '', RangeError],
  [5000, '', RangeError],
  [Number.NaN, '', RangeError],
  [1001, 'x'.repeat(124), Error],
  ['1001', '', TypeError],
  [1001, 5, TypeError],
])('close(%s, …) is rejected, and the server serves on', async (code, reason, type) => {
  const server = await start();
  const ws = await open(server);
  await expect(server.close(code as number, reason as string)).rejects.toBeInstanceOf(type);
  await ws.send('still there');
  expect(await ws.recv()).toBe('still there');
  const later = await open(server);
  expect(server.connections.size).toBe(2);
  await server.close(4000, 'bye');
  await expect(later.recv()).rejects.toMatchObject({ closeCode: 4000, reason: 'bye' });
});

it('a second close waits for the first one, whatever its code', async () => {
  const server = await start();
  const ws = await open(server);
  await Promise.all([server.close(4000), server.close(4001)]);
  await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4000 });
});
