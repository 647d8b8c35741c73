/**
 * Servers on the port of an HTTP server: who takes which request, and what becomes of those that nobody takes.
 */
import { createServer, get, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { type AttachOptions, attach, type Server, upgrade } from 'wirespeed/server';
import { WebSocketServer } from 'ws';
import { frame, KEY } from '../support/frames.ts';
import { request as requestBytes } from '../support/handshakes.ts';
import { until } from '../support/until.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Starts an HTTP server that answers requests with their path. */
async function http(): Promise<{ server: HttpServer; port: number }> {
  const server = createServer((request, response) => response.end(`page ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Attaches a server whose connections answer with its name. */
function named(
  name: string,
  server: HttpServer,
  options: Partial<AttachOptions<unknown>> = {},
): Server {
  const attached = attach(server, {
    closeTimeout: 500,
    handlers: { open: (ws) => void ws.send(name) },
    ...options,
  } as AttachOptions<unknown>);
  cleanups.push(() => attached.close());
  return attached;
}

async function greeting(port: number, path: string): Promise<unknown> {
  const ws = await open(port, path);
  return ws.recv();
}

async function open(port: number, path = '/'): Promise<Connection> {
  const ws = await connect(`ws://127.0.0.1:${port}${path}`);
  cleanups.push(() => ws.terminate());
  return ws;
}

function page(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    }).on('error', reject);
  });
}

/** Sends a request of one's own; resolves with all that came until the socket was closed. */
function raw(port: number, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

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
    named('second', server, { path: '/second' });
    const ws = await open(port, '/first');
    await ws.recv();
    await first.close(4000, 'gone');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4000 });
    expect(first.state).toBe('closed');
    await expect(open(port, '/first')).rejects.toMatchObject({ status: 404 });
    expect(await greeting(port, '/second')).toBe('second');
    expect(await page(port, '/')).toBe('200 page /');
    for (const clean of cleanups.splice(1, 2)) await clean();
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

describe('upgrade', () => {
  it('gives the connection once it is open, and undefined where the request is refused', async () => {
    const { server, port } = await http();
    const options = {
      limits: { connections: 1 },
      handlers: {
        message: (ws: { send(data: unknown): unknown }, data: unknown) => void ws.send(data),
      },
    } as never;
    const results: unknown[] = [];
    server.on('upgrade', (request, socket, head) => {
      void upgrade(request, socket, head, options).then((ws) => {
        results.push(ws?.state);
        ws?.send('hello');
      });
    });
    const ws = await open(port);
    expect(await ws.recv()).toBe('hello');
    // The same options are one server: its limits hold for all of its requests.
    await expect(open(port)).rejects.toMatchObject({ status: 503 });
    await until(() => results.length === 2);
    expect(results).toEqual(['open', undefined]);
  });

  it('gives undefined for a client that has gone already', async () => {
    const { server, port } = await http();
    const results: unknown[] = [];
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {}).resume();
      socket.once('close', () => {
        const upgraded = upgrade(request, socket, head, { handlers: {} });
        void upgraded.then((ws) => results.push(ws));
      });
    });
    const socket: Socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    server.once('upgrade', () => socket.resetAndDestroy());
    socket.write(requestBytes());
    await until(() => results.length === 1);
    expect(results).toEqual([undefined]);
  });

  it('takes any duplex stream', async () => {
    const [ours, theirs] = duplexPair();
    const text = Buffer.from(requestBytes()).toString('latin1').split('\r\n').slice(1, -2);
    const request = {
      method: 'GET',
      url: '/',
      httpVersion: '1.1',
      rawHeaders: text.flatMap((line) => line.split(': ')),
    };
    let answer = '';
    theirs.setEncoding('latin1').on('data', (piece) => {
      answer += piece;
    });
    const head = frame({ opcode: 1, payload: 'one', key: KEY });
    // It lies in the stream's own buffer, behind the head.
    theirs.write(frame({ opcode: 1, payload: 'two', key: KEY }));
    const closed = new Promise((resolve) => theirs.once('end', resolve));
    const ws = await upgrade(request as never, ours, head, {
      handlers: { message: (connection, data) => void connection.send(`${data}!`) },
    });
    theirs.write(frame({ opcode: 1, payload: 'three', key: KEY }));
    await until(() => answer.endsWith('three!'));
    expect(answer.split('\r\n\r\n')[1]).toBe('\x81\x04one!\x81\x04two!\x81\x06three!');
    expect(ws?.stats()).toMatchObject({ messagesReceived: 3, messagesSent: 3 });
    expect(ws?.remoteAddress).toBeUndefined();
    theirs.end(frame({ opcode: 8, key: KEY }));
    await closed;
    await until(() => ws?.state === 'closed');
  });

  it('says what it needs', async () => {
    const stream = new Duplex({ read() {}, write() {} });
    const request = { method: 'GET', rawHeaders: [] };
    const options = { handlers: {} };
    const call = (...given: unknown[]) => upgrade(...(given as Parameters<typeof upgrade>));
    await expect(call({}, stream, Buffer.alloc(0), options)).rejects.toThrow(/one of node:http/);
    await expect(call(request, {}, Buffer.alloc(0), options)).rejects.toThrow(/duplex stream/);
    await expect(call(request, stream, undefined, options)).rejects.toThrow(/must be a Buffer/);
    await expect(
      call(request, stream, Buffer.alloc(0), { handlers: {}, path: '/' }),
    ).rejects.toThrow(/option of 'attach'/);
    expect(stream.destroyed).toBe(false);
  });
});
