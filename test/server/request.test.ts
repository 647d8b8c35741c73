import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { serve, type UpgradeRequest } from 'wirespeed/server';
import { frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { clients, exchange, open, servers, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

describe('the request', () => {
  it('chooses the first of its subprotocols that the client offers', async () => {
    const server = await start({ protocols: ['v2', 'v1'] });
    expect((await open(server, { protocols: ['v1', 'v2'] })).protocol).toBe('v2');
    expect((await open(server, { protocols: ['v0', 'v1'] })).protocol).toBe('v1');
    expect((await open(server, { protocols: ['v0'] })).protocol).toBe('');
    expect((await open(server)).protocol).toBe('');
  });

  it('is given to the hook as the client sent it', async () => {
    let seen: UpgradeRequest | undefined;
    const server = await start({
      request(upgrade) {
        seen = upgrade;
        return undefined;
      },
    });
    const ws = await connect(`${server.url}a/b?c=d`, {
      protocols: ['one', 'two'],
      origin: 'https://example.com',
      headers: { 'X-Key': 'value' },
    });
    clients.push(ws);
    expect(seen).toMatchObject({
      target: '/a/b?c=d',
      host: `127.0.0.1:${server.port}`,
      origin: 'https://example.com',
      protocols: ['one', 'two'],
    });
    expect(seen?.headers.get('x-key')).toBe('value');
  });

  it('is refused by the hook with status, headers and body', async () => {
    const server = await start({
      request: () => ({
        status: 401,
        headers: { 'WWW-Authenticate': 'Basic realm="x"' },
        body: 'who are you?',
      }),
    });
    const error = (await connect(server.url).catch((reason: unknown) => reason)) as {
      status: number;
      headers: Map<string, string>;
      body: Uint8Array;
    };
    expect(error.status).toBe(401);
    expect(error.headers.get('www-authenticate')).toBe('Basic realm="x"');
    expect(Buffer.from(error.body).toString()).toBe('who are you?');
    expect(server.connections.size).toBe(0);
  });

  it('is accepted by the hook with a subprotocol, headers and data', async () => {
    const server = await serve<{ user: string }>({
      host: '127.0.0.1',
      protocols: ['v1'],
      request: ({ headers }) => ({
        protocol: 'v0',
        headers: { 'X-Server': 'yes' },
        data: { user: headers.get('x-user') ?? '' },
      }),
      handlers: { message: (ws) => void ws.send(ws.data.user) },
    });
    servers.push(server);
    const ws = await open(server, { protocols: ['v0', 'v1'], headers: { 'X-User': 'ann' } });
    expect(ws.protocol).toBe('v0');
    expect(ws.headers.get('x-server')).toBe('yes');
    await ws.send('who am I?');
    expect(await ws.recv()).toBe('ann');
  });

  it('may be decided on later, and nothing that the client sends is lost', async () => {
    const server = await start({
      request: async (upgrade) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return upgrade.target === '/no' ? { status: 403 } : undefined;
      },
    });
    const early = Buffer.concat([
      request(),
      frame({ opcode: 1, payload: 'early', key: KEY }),
      frame({ opcode: 8, key: KEY }),
    ]);
    const answer = await exchange(server, early);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain('early');
    await expect(connect(`${server.url}no`)).rejects.toMatchObject({ status: 403 });
  });

  it('of a client that goes away before the decision has no effect', async () => {
    const decisions: (() => void)[] = [];
    const server = await start({
      request: () =>
        new Promise((resolve) => {
          decisions.push(() => resolve(undefined));
        }),
    });
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.write(request());
    await until(() => decisions.length === 1);
    socket.destroy();
    const opening = open(server);
    await until(() => decisions.length === 2);
    for (const decide of decisions) decide();
    const ws = await opening;
    await ws.send('still serving');
    expect(await ws.recv()).toBe('still serving');
    expect(server.connections.size).toBe(1);
  });

  it('from an origin that is not allowed is refused with 403', async () => {
    const server = await start({ origins: ['https://example.com'] });
    expect((await open(server, { origin: 'https://example.com' })).state).toBe('open');
    for (const origin of ['https://evil.example', 'http://example.com', 'null', undefined]) {
      await expect(connect(server.url, { origin })).rejects.toMatchObject({ status: 403 });
    }
  });

  it('above maxConnections is refused with 503, until there is room', async () => {
    const server = await start({ maxConnections: 2 });
    const first = await open(server);
    await open(server);
    await expect(connect(server.url)).rejects.toMatchObject({ status: 503 });
    await first.close();
    await until(() => server.connections.size === 1);
    expect((await open(server)).state).toBe('open');
  });

  it('above maxConnections is refused although others are still being decided on', async () => {
    const server = await start({
      maxConnections: 2,
      request: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return undefined;
      },
    });
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => open(server)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(server.connections.size).toBe(2);
  });

  it('of plain HTTP is answered with 426', async () => {
    const server = await start();
    const { statusCode, headers } = await new Promise<IncomingMessage>((resolve, reject) => {
      get(server.url.replace('ws:', 'http:'), (response) => {
        response.resume();
        response.on('end', () => resolve(response));
      }).on('error', reject);
    });
    expect(statusCode).toBe(426);
    expect(headers.upgrade).toBe('websocket');
    expect(headers.connection).toBe('close');
  });

  it('of plain HTTP is answered with a line of text that says what this server is', async () => {
    const answer = await fetch((await start()).url.replace('ws:', 'http:'));
    expect(answer.status).toBe(426);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe('this is a WebSocket server: connect with ws: or wss:\n');
  });

  const wrong: readonly [string, Uint8Array | string, number][] = [
    ['of another version of WebSocket', request({ 'Sec-WebSocket-Version': '8' }), 426],
    ['without a key', request({ 'Sec-WebSocket-Key': undefined }), 400],
    ['with a key of the wrong length', request({ 'Sec-WebSocket-Key': 'AAAA' }), 400],
    ['without a host', request({ Host: undefined }), 400],
    ['with a body', request({ 'Content-Length': '5' }), 400],
    ['by POST', request({}, 'POST / HTTP/1.1'), 405],
    ['that is no HTTP', 'hello, is it me you are looking for?\r\n\r\n', 400],
    ['with a head that does not end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431],
  ];
  for (const [what, bytes, status] of wrong) {
    it(`${what} is refused with ${status}, and the connection ended`, async () => {
      const answer = await exchange(await start(), bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(answer.toLowerCase()).toContain('connection: close');
    });
  }

  it.each([
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['the greeting of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['the command of another protocol', 'EHLO client.example\r\n'],
    ['bytes without a meaning', '\0\0\0'],
  ])('that begins as %s is refused at once', async (_, text) => {
    const server = await start({ handshakeTimeout: 0 });
    expect(await exchange(server, Buffer.from(text, 'latin1'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('over TLS that does not come in time ends the connection', async () => {
    const server = await start({
      handshakeTimeout: 100,
      tls: { cert: certificate('localhost'), key: certificate('server-key') },
    });
    const since = performance.now();
    await exchange(server);
    expect(performance.now() - since).toBeLessThan(1500);
  }, 5000);

  it('that does not come in time ends the connection', async () => {
    const server = await start({ handshakeTimeout: 100 });
    const since = performance.now();
    await Promise.all([exchange(server), exchange(server, 'GET / HTTP/1.1\r\nHost: x\r\n')]);
    const elapsed = performance.now() - since;
    expect(elapsed).toBeGreaterThan(80);
    expect(elapsed).toBeLessThan(1500);
  });
});
