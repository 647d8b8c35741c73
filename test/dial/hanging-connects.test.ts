/**
 * A connect that hangs keeps only its request, and no memory that other connections could write frames into.
 */
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { connect } from '../../src/entries/index.ts';
import { serve } from '../../src/entries/server.ts';
import { nodeKernels } from '../../src/kernels/node.ts';

it('a hundred connects that hang in their TLS handshake take no slab of the send arena', async () => {
  const sockets: Socket[] = [];
  // This server accepts, and never begins TLS.
  const mute = createServer((socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const { port } = mute.address() as { port: number };
  const server = await serve({
    host: '127.0.0.1',
    maxMessageSize: 2 ** 20,
    handlers: { message: (ws, data) => void ws.send(data) },
  });
  const ws = await connect(server.url);
  await ws.send(new Uint8Array(2 ** 19));
  await ws.recv();
  const allocateSpare = nodeKernels().allocateSpare.bind(nodeKernels());
  let slabs = 0;
  nodeKernels().allocateSpare = (size) => {
    slabs++;
    return allocateSpare(size);
  };
  const controller = new AbortController();
  const { signal } = controller;
  const hanging: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) {
    hanging.push(connect(`wss://127.0.0.1:${port}/`, { signal }).catch(() => 'aborted'));
    // Another connection fills a slab between the connects.
    await ws.send(new Uint8Array(200 * 1024));
    await ws.recv();
  }
  expect(slabs).toBeLessThan(5);
  controller.abort();
  expect(new Set(await Promise.all(hanging))).toEqual(new Set(['aborted']));
  for (const socket of sockets) socket.destroy();
  mute.close();
  await ws.close();
  await server.close();
});
