/**
 * Two hundred clients send their requests byte by byte and never complete them. `npm run test:slow-loris` has ten
 * thousand.
 */
import { connect as connectTcp } from 'node:net';
import { expect, it } from 'vitest';
import { open, sockets, start } from './running-server.ts';

it('two hundred slow requests are cut off in time, and others are served meanwhile', async () => {
  const server = await start({ handshakeTimeout: 600 });
  const lives: number[] = [];
  const attacks = Array.from({ length: 200 }, async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('connect', resolve));
    const since = performance.now();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    // A deadline that every byte put off would never come.
    const timer = setInterval(() => socket.write('y'), 60);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    lives.push(performance.now() - since);
  });
  const ws = await open(server);
  await ws.send('served meanwhile');
  expect(await ws.recv()).toBe('served meanwhile');
  expect(lives).toEqual([]);
  await Promise.all(attacks);
  expect(Math.min(...lives)).toBeGreaterThan(420);
  expect(Math.max(...lives)).toBeLessThan(4000);
  expect([...server.connections]).toHaveLength(1);
  expect(ws.state).toBe('open');
}, 10_000);
