/**
 * Servers on the port of an HTTP server: who takes which request, and what becomes of those that nobody takes.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { attach } from 'wirespeed/server';
import { WebSocketServer } from 'ws';
import { frame, KEY } from '../support/frames.ts';
import { request as requestBytes } from '../support/handshakes.ts';
import { until } from '../support/until.ts';

import { cleanups, greeting, http, named, open, page, raw } from './http-servers.ts';

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

describe('attached servers', () => {
  it('share one HTTP server by path, and leave its pages alone', async () => {
    const { server, port } = await http();
    named('chat', server, { path: '/chat' });
    named('games', server, { path: /^\/games\/\d+$/g });
    named('rest', server, { path: (path) => path.startsWith('/rest') });
    expect(await greeting(port, '/chat?room=1')).toBe('chat');
    expect(await greeting(port, '/games/17')).toBe('games');
    expect(await greeting(port, '/games/18')).toBe('games');
    expect(await greeting(port, '/rest/of/it')).toBe('rest');
    expect(await page(port, '/chat')).toBe('200 page /chat');
    await expect(open(port, '/chat/')).rejects.toMatchObject({ status: 404 });
  });

  it('share it with other listeners, and answer nothing for them', async () => {
    const { server, port } = await http();
    named('ours', server, { path: '/ours' });
    const other = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/theirs') return;
      other.handleUpgrade(request, socket, head, (ws) => ws.send('theirs'));
    });
    expect(await greeting(port, '/theirs')).toBe('theirs');
    expect(await greeting(port, '/ours')).toBe('ours');
    // Nobody takes it: it hangs, as it would without us, and its reset ends nothing.
    const socket = connectTcp(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.write(requestBytes({}, 'GET /nobody HTTP/1.1'));
    expect(await greeting(port, '/ours')).toBe('ours');
    socket.resetAndDestroy();
    expect(await greeting(port, '/theirs')).toBe('theirs');
    expect(answer).toBe('');
  });

  it('refuse over TLS as well what nobody else can take', async () => {
    const server = createHttps({ cert: pem('localhost'), key: pem('server-key') });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const ours = named('ours', server, { path: '/ours' });
    const tls = { ca: pem('authority') };
    await expect(connect(new URL('/nobody', ours.url), { tls })).rejects.toMatchObject({
      status: 404,
    });
  });

  it('refuse with 500 where the function of the path is async, and end no process by it', async () => {
    const { server, port } = await http();
    const faults: unknown[] = [];
    named('x', server, {
      path: (async () => {
        throw new Error('rejected');
      }) as unknown as () => boolean,
      error: (error) => void faults.push((error as Error).message),
    });
    await expect(open(port)).rejects.toMatchObject({ status: 500 });
    expect(faults).toEqual(["the function 'path' must answer at once, not with a promise"]);
  });

  it('refuse what nobody else can take', async () => {
    const { server, port } = await http();
    named('ours', server, { path: '/ours' });
    expect(await raw(port, requestBytes({}, 'GET /nobody HTTP/1.1'))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await raw(port, requestBytes({ Upgrade: 'h2c' }, 'GET /ours HTTP/1.1'))).toMatch(
      /^HTTP\/1\.1 426 /,
    );
    const withBody = requestBytes({ 'Content-Length': '5' }, 'POST /ours HTTP/1.1');
    expect(await raw(port, Buffer.concat([withBody, Buffer.from('hello')]))).toMatch(
      /^HTTP\/1\.1 40[05] /,
    );
    expect(
      await raw(port, requestBytes({ 'Sec-WebSocket-Key': 'x' }, 'GET /ours HTTP/1.1')),
    ).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('leave the HTTP server alone when they are closed, and its event too', async () => {
    const { server, port } = await http();
    const first = named('first', server, { path: '/first' });
    const second = named('second', server, { path: '/second' });
    const ws = await open(port, '/first');
    await ws.recv();
    await first.close(4000, 'gone');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4000 });
    expect(first.state).toBe('closed');
    await expect(open(port, '/first')).rejects.toMatchObject({ status: 404 });
    expect(await greeting(port, '/second')).toBe('second');
    expect(await page(port, '/')).toBe('200 page /');
    await second.close();
    expect(server.listenerCount('upgrade')).toBe(0);
  });

  it('know where they are', async () => {
    const { server, port } = await http();
    const attached = named('x', server);
    expect(attached).toMatchObject({
      port,
      host: '127.0.0.1',
      url: `ws://127.0.0.1:${port}/`,
      state: 'open',
    });
    const early = attach(createServer(), { handlers: {} });
    expect(early).toMatchObject({ port: 0, host: '', url: '' });
    await open(port, '/');
    expect([...attached.connections].map(({ url }) => url)).toEqual([attached.url]);
  });

  it('are not cut off by the time limits of the HTTP server', async () => {
    const { server, port } = await http();
    server.timeout = 30;
    server.requestTimeout = 30;
    server.headersTimeout = 30;
    const attached = named('patient', server, {
      handlers: { message: (ws, data) => void ws.send(data) },
    });
    const ws = await open(port);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ws.send('still there');
    expect(await ws.recv()).toBe('still there');
    expect(attached.connections.size).toBe(1);
  });

  it('refuse with 500 where the function of the path throws, and tell of it', async () => {
    const { server, port } = await http();
    const faults: unknown[] = [];
    named('x', server, {
      path: () => {
        throw new Error('no path');
      },
      error: (error, { source }) => void faults.push([(error as Error).message, source]),
    });
    await expect(open(port)).rejects.toMatchObject({ status: 500 });
    expect(faults).toEqual([['no path', 'path']]);
  });

  it('live through a reset in every phase of an asynchronous hook', async () => {
    const { server, port } = await http();
    const decisions: ((refuse: boolean) => void)[] = [];
    const attached = named('x', server, {
      request: () =>
        new Promise((resolve) => {
          decisions.push((refuse) => resolve(refuse ? { status: 403 } : undefined));
        }),
    });
    for (const isReset of [true, false]) {
      for (const refuse of [true, false]) {
        for (const isBefore of [true, false]) {
          const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
          socket.write(requestBytes());
          socket.write(frame({ opcode: 1, payload: 'early', key: KEY }));
          await until(() => decisions.length === 1);
          const decide = decisions.pop() as (refuse: boolean) => void;
          if (!isBefore) decide(refuse);
          if (isReset) socket.resetAndDestroy();
          else socket.destroy();
          if (isBefore) decide(refuse);
        }
      }
    }
    await until(() => attached.connections.size === 0 && attached.stats().pending === 0);
    expect(await page(port, '/alive')).toBe('200 page /alive');
  });

  it('keep what they are not given again when their certificates change', async () => {
    const server = createHttps({
      cert: pem('localhost'),
      key: pem('server-key'),
      minVersion: 'TLSv1.3',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const attached = attach(server, { handlers: {} });
    attached.setTls({ cert: pem('wrong-host'), key: pem('server-key') });
    const attempt = connect(attached.url, {
      tls: { rejectUnauthorized: false, maxVersion: 'TLSv1.2' },
    });
    await expect(attempt).rejects.toMatchObject({ code: 'WS_CONNECT_FAILED' });
    const plain = attach((await http()).server, { handlers: {} });
    expect(() => plain.setTls({})).toThrow(/does not speak TLS/);
  });

  it('leave a socket alone that a listener of one event has taken', async () => {
    const { server, port } = await http();
    server.once('upgrade', (_, socket) => {
      socket.on('error', () => {});
      socket.end('MINE');
    });
    named('ours', server, { path: '/ours' });
    expect(await raw(port, requestBytes({}, 'GET /mine HTTP/1.1'))).toBe('MINE');
  });

  it('count what their path refuses by a fault', async () => {
    const { server, port } = await http();
    const refused: unknown[] = [];
    const attached = named('x', server, {
      path: () => {
        throw new Error('no path');
      },
      refused: (request, status) => void refused.push([request, status]),
      error: () => {},
    });
    await expect(open(port)).rejects.toMatchObject({ status: 500 });
    expect(refused).toEqual([[undefined, 500]]);
    expect(attached.stats().refused).toEqual({ 500: 1 });
  });

  it('say what they need', () => {
    const options = { handlers: {} };
    const app = Object.assign(() => {}, { listen: () => {} });
    const wrong =
      (server: unknown, given: unknown = options) =>
      () =>
        attach(server as HttpServer, given as typeof options);
    expect(wrong(app)).toThrow(/express or koa is none: give http\.createServer\(app\)/);
    expect(wrong({ server: createServer() })).toThrow(/its property 'server' is one/);
    expect(wrong(undefined)).toThrow(/takes a server of node:http or node:https, not undefined/);
    const server = createServer();
    expect(wrong(server, {})).toThrow(/attach: handlers must be an object/);
    expect(wrong(server, { handlers: {}, connection: () => {} })).toThrow(/exclude each other/);
    expect(wrong(server, { handlers: {}, port: 1 })).toThrow(/the HTTP server listens/);
    expect(wrong(server, { handlers: {}, path: 'chat' })).toThrow(/must begin with '\/'/);
    expect(wrong(server, { handlers: {}, receiveTimeout: 1 })).toThrow(/goes with 'connection'/);
    expect(wrong(server, { connection: () => {}, views: true })).toThrow(/goes with 'handlers'/);
    expect(wrong(server, { handlers: {}, trustProxy: ['nobody'] })).toThrow(/is no address/);
    expect(server.listenerCount('upgrade')).toBe(0);
  });
});
