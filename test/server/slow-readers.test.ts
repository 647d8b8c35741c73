/**
 * Clients that do not read, or read too slowly. A server buffers a limited amount for each of them, and serves the
 * others meanwhile.
 */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { EventConnection, ServeOptions, Server } from 'wirespeed/server';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { open, sockets, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const ca = certificate('authority');

const MIB = 2 ** 20;
const LIMIT = 2 * MIB;
const CHUNK = new Uint8Array(64 * 1024);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Returns the bytes of all array buffers that are in use. */
function buffers(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

describe.each([
  ['plain', undefined],
  ['over TLS', { cert: certificate('localhost'), key: certificate('server-key') }],
])('a client that reads nothing, %s,', (_, tls) => {
  const errors: object[] = [];
  const codes: number[] = [];

  async function serving(options: Partial<ServeOptions<unknown>> = {}): Promise<Server> {
    errors.length = 0;
    codes.length = 0;
    const server = await start({
      maxBufferedAmount: LIMIT,
      handlers: {
        message: (ws, data) => void ws.send(data),
        error: (_ws, error) => void errors.push(error),
        close: (_ws, code) => void codes.push(code),
      },
      tls,
      ...options,
    });
    return server;
  }

  /** Connects a client that never reads; returns the server's end of it. */
  async function stuck(server: Server): Promise<EventConnection> {
    const others = new Set(server.connections);
    const address = { port: server.port, host: '127.0.0.1' };
    const socket: Socket = tls === undefined ? connectTcp(address) : connectTls({ ...address, ca });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pause();
    socket.write(request());
    await until(() => server.connections.size > others.size);
    return [...server.connections].find((ws) => !others.has(ws)) as EventConnection;
  }

  /** Waits for the next turns of the event loop. */
  const turn = (): Promise<void> => new Promise(setImmediate);

  it('is cut off when more than maxBufferedAmount waits for it, and others are not', async () => {
    const server = await serving();
    const ws = await stuck(server);
    const other = await open(server, { tls: { ca } });
    let most = 0;
    for (let i = 0; ws.state === 'open' && i < 1000; i++) {
      ws.send(CHUNK);
      most = Math.max(most, ws.bufferedAmount);
      await turn();
    }
    expect(ws.state).toBe('closed');
    expect(most).toBeGreaterThan(LIMIT);
    expect(most).toBeLessThan(LIMIT + 3 * CHUNK.length);
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'WS_SLOW_PEER',
        message: expect.stringMatching(/reads too slowly: \d+ bytes .* maxBufferedAmount/),
      }),
    ]);
    expect(codes).toEqual([1006]);
    expect(server.connections.size).toBe(1);
    await other.send('served');
    expect(Buffer.from((await other.recv()) as Uint8Array).toString()).toBe('served');
  });

  it('is sent nothing more, and stays open to the end of the turn in which that happens', async () => {
    const server = await serving();
    const ws = await stuck(server);
    // 100 MiB are sent in one turn, which may add 32 MiB to the limit.
    for (let i = 0; i < 1600; i++) ws.send(CHUNK);
    expect(ws.send('x')).toBe(false);
    expect(ws.stats().messagesRefused).toBeGreaterThan(900);
    ws.ping();
    ws.pong();
    expect(ws.bufferedAmount).toBeGreaterThan(16 * LIMIT);
    expect(ws.bufferedAmount).toBeLessThan(17 * LIMIT + 3 * CHUNK.length);
    expect(ws.state).toBe('open');
    expect(errors).toEqual([]);
    await turn();
    expect(errors).toHaveLength(1);
    expect(ws.send('x')).toBe(false);
  });

  it('is not cut off for what is sent in the turn in which the limit is passed', async () => {
    const server = await serving();
    const ws = await stuck(server);
    ws.send(new Uint8Array(10 * LIMIT));
    for (let i = 0; i < 10; i++) ws.send(CHUNK);
    expect(ws.stats().messagesRefused).toBe(0);
    await turn();
    await turn();
    // It may lag behind by the limit besides.
    ws.send('x');
    await turn();
    expect(errors).toEqual([]);
    for (let i = 0; ws.stats().messagesRefused === 0 && i < 100; i++) {
      ws.send(CHUNK);
      await turn();
    }
    expect(errors).toEqual([expect.objectContaining({ code: 'WS_SLOW_PEER' })]);
  });

  it('is cut off for pings that the program sends as well', async () => {
    const ws = await stuck(await serving());
    const payload = new Uint8Array(125);
    for (let i = 0; ws.state === 'open' && i < 1000; i++) {
      for (let j = 0; j < 1000; j++) ws.ping(payload);
      expect(ws.bufferedAmount).toBeLessThan(LIMIT + MIB);
      await turn();
    }
    expect(errors).toEqual([expect.objectContaining({ code: 'WS_SLOW_PEER' })]);
  });

  it('is cut off for messages that wait to be compressed, too', async () => {
    const server = await serving({ perMessageDeflate: { threshold: 0, level: 0 } });
    const ws = await stuck(server);
    for (let i = 0; i < 1000; i++) ws.send(CHUNK);
    expect(ws.bufferedAmount).toBeLessThan(17 * LIMIT + 3 * CHUNK.length);
    await turn();
    expect(errors).toEqual([expect.objectContaining({ code: 'WS_SLOW_PEER' })]);
  });

  it('is closed as usual if the server closes it first', async () => {
    const ws = await stuck(await serving({ closeTimeout: 100 }));
    while (ws.bufferedAmount <= LIMIT) ws.send(CHUNK);
    ws.close(1001);
    expect(ws.send('x')).toBe(false);
    await until(() => ws.state === 'closed');
    expect(errors).toEqual([expect.objectContaining({ operation: 'close' })]);
  });

  it('is sent one message of any size', async () => {
    const ws = await stuck(await serving({ maxBufferedAmount: 0 }));
    ws.send(new Uint8Array(20 * MIB));
    await turn();
    expect(ws.state).toBe('open');
    expect(ws.bufferedAmount).toBeGreaterThan(10 * MIB);
    await turn();
    ws.send(CHUNK);
    expect(ws.send('x')).toBe(false);
    await turn();
    expect(errors).toHaveLength(1);
  });

  it('is served if it reads what was sent in one turn, however much that is', async () => {
    const server = await serving();
    const ws = await open(server, { tls: { ca } });
    const [connection] = [...server.connections] as EventConnection[];
    for (let i = 0; i < 5; i++) connection?.send(new Uint8Array(5 * MIB));
    connection?.send('done');
    for (let i = 0; i < 5; i++) expect(await ws.recv()).toHaveLength(5 * MIB);
    expect(await ws.recv()).toBe('done');
    expect(errors).toEqual([]);
  });

  it('pins little memory besides, while other clients are served', async () => {
    const server = await serving();
    const ws = await stuck(server);
    while (ws.bufferedAmount === 0) {
      ws.send(CHUNK);
      await turn();
    }
    const other = await open(server, { tls: { ca } });
    const [, toOther] = [...server.connections] as EventConnection[];
    const before = buffers();
    for (let i = 0; i < 200; i++) {
      // More than half of a slab, which both clients' messages are written into.
      for (let j = 0; j < 20; j++) toOther?.send(CHUNK.subarray(0, 10_000));
      ws.send('x'.repeat(100));
      for (let j = 0; j < 20; j++) await other.recv();
    }
    expect(ws.state).toBe('open');
    // Collected memory is given back a little later.
    await until(() => buffers() - before < 4 * MIB);
  });

  it('is given 16 MiB by default', async () => {
    const ws = await stuck(await serving({ maxBufferedAmount: undefined }));
    let most = 0;
    for (let i = 0; ws.state === 'open' && i < 2000; i++) {
      ws.send(CHUNK);
      most = Math.max(most, ws.bufferedAmount);
      await turn();
    }
    expect(most).toBeGreaterThan(16 * MIB);
    expect(most).toBeLessThan(17 * MIB);
  });
});
