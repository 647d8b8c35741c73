/**
 * Where a server listens, and what comes before the opening handshake.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { serve } from 'wirespeed/server';
import { concat, frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { servers, sockets, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'listening-'));
  folders.push(path);
  return path;
}

/** Sends bytes and reads until the text has come, or the connection has ended. */
function converse(socket: Socket, bytes: Uint8Array, text: string): Promise<string> {
  sockets.push(socket);
  return new Promise((resolve) => {
    let answer = '';
    socket.setEncoding('latin1').on('data', (piece) => {
      answer += piece;
      if (answer.includes(text)) resolve(answer);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

const HELLO = concat(request(), frame({ opcode: 1, payload: 'hello', key: KEY }));

describe('a unix socket', () => {
  it('is listened on, with the mode that is wanted', async () => {
    const path = join(folder(), 'socket');
    const server = await start({ host: undefined, socketPath: path, socketMode: 0o640 });
    expect(server).toMatchObject({ port: 0, host: path, url: `ws+unix:${path}:/` });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(await converse(connectTcp(path), HELLO, 'hello')).toContain('hello');
  });

  it('that was left over is replaced, but not one on which somebody listens, and no other file', async () => {
    const path = join(folder(), 'socket');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script]), 'exit');
    expect(statSync(path).isSocket()).toBe(true);
    const server = await start({ host: undefined, socketPath: path });
    await expect(serve({ socketPath: path, handlers: {} })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(await converse(connectTcp(path), HELLO, 'hello')).toContain('hello');
    await server.close();
    writeFileSync(path, 'a file');
    await expect(serve({ socketPath: path, handlers: {} })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(readFileSync(path, 'utf8')).toBe('a file');
  });
});

describe('a descriptor', () => {
  it('of systemd is taken if it was passed on to this process', async () => {
    const path = new URL('../support/inherited-server.mjs', import.meta.url).pathname;
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    const { _handle: handle } = listener as unknown as { readonly _handle: { fd: number } };
    const child = spawn(process.execPath, [path], {
      stdio: ['ignore', 'pipe', 'inherit', handle.fd],
      env: { ...process.env, LISTEN_FDS: '1' },
    });
    const exited = once(child, 'exit');
    const [told] = (await once((child.stdout as Readable).setEncoding('utf8'), 'data')) as [string];
    listener.close();
    expect(told).toBe(`ws://127.0.0.1:${port}/`);
    expect(await converse(connectTcp(port, '127.0.0.1'), HELLO, 'hello')).toContain('hello');
    child.kill();
    await exited;
  });

  it('of systemd that is not there is an error that says so', async () => {
    await expect(serve({ fd: 'systemd', handlers: {} })).rejects.toThrow(/LISTEN_FDS is not set/);
    process.env.LISTEN_FDS = '1';
    process.env.LISTEN_PID = '1';
    try {
      await expect(serve({ fd: 'systemd', handlers: {} })).rejects.toThrow(/is for process 1/);
    } finally {
      delete process.env.LISTEN_FDS;
      delete process.env.LISTEN_PID;
    }
  });
});

it('places exclude each other', async () => {
  const wrong: readonly [object, RegExp][] = [
    [{ port: 1, socketPath: '/x' }, /'port' and 'socketPath' exclude each other/],
    [{ socketPath: '/x', fd: 3 }, /'socketPath' and 'fd' exclude each other/],
    [{ socketPath: '/x', host: 'localhost' }, /'host' goes with 'port' alone/],
    [{ fd: 3, reusePort: true }, /'reusePort' goes with 'port' alone/],
    [{ socketMode: 0o600 }, /'socketMode' goes with a 'socketPath'/],
    [{ socketPath: '' }, /must not be empty/],
    [{ fd: 'stdin' }, /'fd' must be a number/],
    [{ health: 'healthz' }, /must begin with '\/'/],
  ];
  for (const [options, message] of wrong) {
    await expect(serve({ handlers: {}, ...options })).rejects.toThrow(message);
  }
});

it('two servers share a port by reusePort, where Node.js can', async () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const can = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  if (!can) {
    await expect(start({ reusePort: true })).rejects.toThrow(/needs Node\.js 22\.12 or 23\.1/);
    return;
  }
  const first = await start({ reusePort: true });
  const second = await start({ reusePort: true, port: first.port });
  expect(second.port).toBe(first.port);
});

describe('the PROXY protocol', () => {
  const seen: unknown[] = [];
  const V1 = Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n');
  const V2 = Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
    Buffer.from([0x21, 0x21, 0, 36]),
    Buffer.from('20010db8000000000000000000000007', 'hex'),
    Buffer.from('20010db8000000000000000000000001', 'hex'),
    Buffer.from([0x12, 0x67, 0x01, 0xbb]),
  ]);
  const LOCAL = Buffer.concat([V2.subarray(0, 12), Buffer.from([0x20, 0, 0, 0])]);

  async function proxied(tls?: object) {
    seen.length = 0;
    const server = await serve({
      host: '127.0.0.1',
      proxyProtocol: true,
      handshakeTimeout: 1000,
      tls,
      request: ({ remoteAddress, remotePort, clientAddress }) => {
        seen.push(remoteAddress, remotePort, clientAddress);
        return undefined;
      },
      handlers: {
        message: (ws, data) => {
          seen.push(ws.remoteAddress?.address);
          ws.send(data);
        },
      },
    });
    servers.push(server);
    return server;
  }

  it.each([
    ['1', V1, '203.0.113.7', 4711],
    ['2', V2, '2001:db8::7', 4711],
  ])(
    'of version %s gives the address of the client, wherever it is cut',
    async (_, header, address, port) => {
      const server = await proxied();
      for (const cut of [0, 1, 5, 12, 15, 16, header.length - 1, header.length]) {
        seen.length = 0;
        const socket = connectTcp(server.port, '127.0.0.1');
        socket.setNoDelay(true);
        const bytes = concat(header, HELLO);
        if (cut > 0) {
          socket.write(bytes.subarray(0, cut));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        expect(await converse(socket, bytes.subarray(cut), 'hello')).toContain('hello');
        expect(seen).toEqual([address, port, address, address]);
      }
    },
  );

  it('may name an IPv4 address as an IPv6 one, and it counts as itself', async () => {
    const server = await proxied();
    const mapped = Buffer.from(V2);
    mapped.set(Buffer.from('00000000000000000000ffffcb007107', 'hex'), 16);
    const text = Buffer.from('PROXY TCP6 ::ffff:203.0.113.7 ::1 4711 443\r\n');
    for (const header of [mapped, text]) {
      seen.length = 0;
      const socket = connectTcp(server.port, '127.0.0.1');
      expect(await converse(socket, concat(header, HELLO), 'hello')).toContain('hello');
      expect(seen).toEqual(['203.0.113.7', 4711, '203.0.113.7', '203.0.113.7']);
    }
  });

  it('comes before TLS', async () => {
    const server = await proxied({
      cert: certificate('localhost'),
      key: certificate('server-key'),
    });
    for (const header of [V1, V2]) {
      seen.length = 0;
      const socket = connectTcp(server.port, '127.0.0.1');
      socket.write(header);
      const secure: TLSSocket = connectTls({
        socket,
        servername: 'localhost',
        ca: certificate('authority'),
      });
      expect(await converse(secure, HELLO, 'hello')).toContain('hello');
      expect(seen[0]).toBe(header === V1 ? '203.0.113.7' : '2001:db8::7');
    }
  });

  it('may be the word of the proxy itself', async () => {
    const server = await proxied();
    for (const header of [LOCAL, Buffer.from('PROXY UNKNOWN\r\n')]) {
      seen.length = 0;
      const socket = connectTcp(server.port, '127.0.0.1');
      expect(await converse(socket, concat(header, HELLO), 'hello')).toContain('hello');
      expect(seen[0]).toBe('127.0.0.1');
    }
  });

  it.each([
    ['nothing of it', request()],
    ['a family that there is not', 'PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['a port above all', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'],
    ['too few fields', 'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'],
    ['too many fields', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'],
    ['a line that does not end', `PROXY TCP4 ${'1'.repeat(200)}`],
    ['another version', Buffer.concat([V2.subarray(0, 12), Buffer.from([0x31, 0x11, 0, 0])])],
    ['another command', Buffer.concat([V2.subarray(0, 12), Buffer.from([0x22, 0x11, 0, 0])])],
    [
      'too short addresses',
      Buffer.concat([V2.subarray(0, 12), Buffer.from([0x21, 0x11, 0, 2, 1, 2])]),
    ],
    [
      'more than is read',
      Buffer.concat([V2.subarray(0, 12), Buffer.from([0x21, 0x11, 0xff, 0xff])]),
    ],
  ])('is demanded: %s is dropped', async (_, bytes) => {
    const server = await proxied();
    const socket = connectTcp(server.port, '127.0.0.1');
    expect(await converse(socket, Buffer.from(bytes as string), 'never')).toBe('');
    expect(server.stats().accepted).toBe(0);
  });

  it('has to come in time', async () => {
    const server = await serve({
      host: '127.0.0.1',
      proxyProtocol: true,
      handshakeTimeout: 50,
      handlers: {},
    });
    servers.push(server);
    expect(await converse(connectTcp(server.port, '127.0.0.1'), V2.subarray(0, 20), 'never')).toBe(
      '',
    );
  });
});

it('new certificates are used for the connections to come', async () => {
  const tls = { cert: certificate('localhost'), key: certificate('server-key') };
  const server = await start({ tls });
  const dial = async (): Promise<TLSSocket> => {
    const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  };
  const before = await dial();
  server.setTls({ cert: certificate('wrong-host'), key: certificate('server-key') });
  const after = await dial();
  const names = [before, after].map((socket) => socket.getPeerCertificate().fingerprint);
  expect(names[0]).not.toBe(names[1]);
  expect(await converse(before, HELLO, 'hello')).toContain('hello');
  // What is given later is added to what was given last.
  server.setTls({ maxVersion: 'TLSv1.2' });
  const last = await dial();
  expect(last.getProtocol()).toBe('TLSv1.2');
  expect(last.getPeerCertificate().fingerprint).toBe(names[1]);
  const plain = await start();
  expect(() => plain.setTls(tls)).toThrow(/does not speak TLS/);
  expect(() => plain.setTls(undefined as never)).toThrow(/must be an object/);
});

it('a health check is answered with 200, and with 503 while the server drains', async () => {
  const server = await start({ health: '/healthz' });
  const ask = (path: string, method = 'GET'): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest({
        port: server.port,
        host: '127.0.0.1',
        path,
        method,
        agent: false,
      });
      asked.on('error', reject).on('response', (response) => {
        let text = `${response.statusCode} `;
        response.setEncoding('utf8').on('data', (piece) => {
          text += piece;
        });
        response.on('end', () => resolve(text));
      });
      asked.end();
    });
  expect(await ask('/healthz')).toBe('200 ok\n');
  expect(await ask('/healthz?verbose')).toBe('200 ok\n');
  expect(await ask('/healthz', 'HEAD')).toBe('200 ');
  expect(await ask('/other')).toMatch(/^426 this is a WebSocket server/);
  expect(await ask('/healthz', 'POST')).toMatch(/^405 /);
  const socket = connectTcp(server.port, '127.0.0.1');
  await converse(socket, HELLO, 'hello');
  const drained = server.drain({ over: 300 });
  expect(await ask('/healthz')).toBe('503 draining\n');
  socket.destroy();
  await drained;
  // Pages that were asked for are no handshakes.
  expect(server.stats()).toMatchObject({ refused: {}, failed: 0 });
});
