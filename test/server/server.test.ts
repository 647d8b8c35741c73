import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { type ServeOptions, serve } from 'wirespeed/server';
import { frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { exchange, open, sockets, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

describe('serving', () => {
  it('listens on every address of the machine by default, and has a URL that reaches it', async () => {
    const server = await start({ host: undefined });
    expect(server.port).toBeGreaterThan(0);
    expect(['::', '0.0.0.0']).toContain(server.host);
    expect(server.url).toBe(`ws://localhost:${server.port}/`);
    const hosts =
      server.host === '::'
        ? ['localhost', '127.0.0.1', '127.0.0.2', '[::1]']
        : ['127.0.0.1', '127.0.0.2'];
    for (const host of hosts) {
      const ws = await connect(`ws://${host}:${server.port}/`);
      await ws.send('hello');
      expect(await ws.recv()).toBe('hello');
      await ws.close();
    }
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['0.0.0.0', '127.0.0.1'],
  ])('listens on %s and is reached by %s', async (host, name) => {
    const server = await start({ host });
    expect(server.host).toBe(host);
    expect(server.url).toBe(`ws://${name}:${server.port}/`);
    expect((await open(server)).state).toBe('open');
  });

  it('still has its port, host and URL after it was closed', async () => {
    const server = await start();
    const { url, port, host } = server;
    await server.close();
    expect(server).toMatchObject({ url, port, host });
    expect(port).toBeGreaterThan(0);
  });

  it('gives the IPv4 address of a client that came over IPv4, also if it listens on IPv6', async () => {
    const addresses: unknown[] = [];
    const server = await start({
      host: undefined,
      request(request) {
        addresses.push(request.remoteAddress);
        return undefined;
      },
      handlers: {
        open: (ws) => void addresses.push(ws.remoteAddress?.address, ws.localAddress?.address),
      },
    });
    const ws = await connect(`ws://127.0.0.1:${server.port}/`);
    await ws.close();
    expect(addresses).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  });

  it('serves several connections at once', async () => {
    const server = await start();
    const all = await Promise.all(Array.from({ length: 20 }, () => open(server)));
    expect(server.connections.size).toBe(20);
    await Promise.all(all.map((ws, i) => ws.send(`message ${i}`)));
    const answers = await Promise.all(all.map((ws) => ws.recv()));
    expect(answers).toEqual(all.map((_, i) => `message ${i}`));
    await Promise.all(all.map((ws) => ws.close()));
    await until(() => server.connections.size === 0);
  });

  it('echoes text and binary of every length form', async () => {
    const ws = await open(await start());
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      await ws.send('x'.repeat(size));
      expect(await ws.recv()).toHaveLength(size);
      await ws.send(new Uint8Array(size));
      expect(await ws.recv()).toHaveLength(size);
    }
  });

  it('calls its handlers in order', async () => {
    const log: string[] = [];
    let ended: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const server = await start({
      handlers: {
        open: (ws) => void log.push(`open ${ws.request?.target}`),
        message: (_, data) => void log.push(`message ${Buffer.from(data)}`),
        ping: (_, data) => void log.push(`ping ${Buffer.from(data)}`),
        close: (_, code, reason) => {
          log.push(`close ${code} ${reason}`);
          ended();
        },
      },
    });
    const ws = await connect(`${server.url}path?x=1`);
    await ws.send('hello');
    await ws.ping('p');
    await ws.close(4000, 'done');
    await closed;
    expect(log).toEqual(['open /path?x=1', 'message hello', 'ping p', 'close 4000 done']);
  });

  it('calls no handler after the end, not even batchEnd if the end came in the middle of a read', async () => {
    const log: string[] = [];
    const server = await start({
      handlers: {
        message(ws) {
          log.push('message');
          ws.terminate();
        },
        batchEnd: () => void log.push('batchEnd'),
        close: () => void log.push('close'),
      },
    });
    const ws = await open(server);
    await Promise.all([ws.send('one'), ws.send('two')]);
    await expect(ws.recv()).rejects.toThrow();
    expect(log).toEqual(['message', 'close']);
  });

  it('speaks TLS with the certificate it is given', async () => {
    const server = await start({
      tls: { cert: certificate('localhost'), key: certificate('server-key') },
    });
    expect(server.url).toMatch(/^wss:/);
    const ws = await open(server, { tls: { ca: certificate('authority') } });
    await ws.send('private');
    expect(await ws.recv()).toBe('private');
    await expect(connect(server.url)).rejects.toMatchObject({ phase: 'tls' });
  });

  it.each([undefined, null, 5, 'text'])(
    'throws a TypeError for options that are %j',
    async (options) => {
      const call = serve(options as unknown as ServeOptions<unknown>);
      await expect(call).rejects.toThrow(/^serve: options must be an object with handlers, not /);
    },
  );

  it('rejects a port that is taken', async () => {
    const { port } = await start();
    await expect(serve({ host: '127.0.0.1', port, handlers: {} })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('throws a TypeError for wrong options', async () => {
    for (const options of [
      undefined,
      {},
      { handlers: 5 },
      { handlers: { mesage() {} } },
      { handlers: {}, request: 5 },
      { handlers: {}, port: '1' },
      { handlers: {}, host: '' },
      { handlers: {}, origins: ['https://example.com/'] },
      { handlers: {}, origins: ['example.com'] },
      { handlers: {}, origins: ['https://EXAMPLE.com'] },
      { handlers: {}, origins: [/example/] },
      { handlers: {}, host: 5 },
      { handlers: {}, prot: 1 },
      { handlers: {}, connectTimeout: 1 },
    ]) {
      await expect(serve(options as ServeOptions<unknown>)).rejects.toBeInstanceOf(TypeError);
    }
  });
});

describe('protection', () => {
  it('accepts messages of 1 MiB and no larger ones, by default', async () => {
    const server = await start();
    const ws = await open(server);
    await ws.send(new Uint8Array(2 ** 20));
    expect(await ws.recv()).toHaveLength(2 ** 20);
    await ws.send(new Uint8Array(2 ** 20 + 1));
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1009 });
  });

  it('reads requests and frames that come byte by byte', async () => {
    const bytes = Buffer.concat([
      request(),
      frame({ opcode: 1, payload: 'he', key: KEY, isFinal: false }),
      frame({ opcode: 0, payload: 'llo', key: KEY }),
      frame({ opcode: 8, key: KEY }),
    ]);
    const server = await start();
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp({ port: server.port, host: '127.0.0.1', noDelay: true });
      let text = '';
      socket.setEncoding('latin1');
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      let next = 0;
      const write = (): void => {
        if (next === bytes.length) return;
        socket.write(bytes.subarray(next, ++next));
        setImmediate(write);
      };
      write();
    });
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).toContain('hello');
  });

  it('ends a connection whose client vanishes, with 1006', async () => {
    const closes: number[] = [];
    const server = await start({
      handlers: { close: (_, code) => void closes.push(code) },
    });
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const socket = connectTcp(server.port, '127.0.0.1');
      socket.write(request());
      await new Promise((resolve) => socket.once('data', resolve));
      socket[leave]();
    }
    await until(() => closes.length === 2);
    expect(closes).toEqual([1006, 1006]);
    expect(server.connections.size).toBe(0);
  });

  it('does not mask what it sends (RFC 6455 §5.1)', async () => {
    const answer = await exchange(
      await start(),
      Buffer.concat([
        request(),
        frame({ opcode: 1, payload: 'hello', key: KEY }),
        frame({ opcode: 8, key: KEY }),
      ]),
    );
    const frames = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(frames.toString('hex')).toBe('810568656c6c6f8800');
  });
});

describe('the end', () => {
  it('close closes every connection with 1001, and waits for their end', async () => {
    const server = await start();
    const all = await Promise.all([open(server), open(server), open(server)]);
    const ends = all.map((ws) => ws.recv().catch((error: unknown) => error));
    await server.close();
    for (const error of await Promise.all(ends)) {
      expect(error).toMatchObject({ code: 'WS_CONNECTION_CLOSED', closeCode: 1001 });
    }
    expect(server.connections.size).toBe(0);
    await expect(connect(server.url)).rejects.toMatchObject({ phase: 'tcp' });
  });

  it('close comes after the messages that were sent before', async () => {
    const server = await start({
      handlers: {
        open: (ws) => void ws.send(new Uint8Array(500_000)),
      },
    });
    const ws = await open(server);
    const [message] = await Promise.all([ws.recv(), server.close()]);
    expect(message).toHaveLength(500_000);
  });

  it('close takes closeTimeout at most if a client does not answer', async () => {
    const server = await start({ closeTimeout: 150 });
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request());
    await new Promise((resolve) => socket.once('data', resolve));
    const idle = connectTcp(server.port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise((resolve) => idle.once('connect', resolve));
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(1200);
    socket.destroy();
    idle.destroy();
  });

  it('close takes closeTimeout at most if a client never begins the TLS handshake', async () => {
    const server = await start({
      closeTimeout: 150,
      tls: { cert: certificate('localhost'), key: certificate('server-key') },
    });
    const idle = connectTcp(server.port, '127.0.0.1');
    idle.on('error', () => {});
    sockets.push(idle);
    await new Promise((resolve) => idle.once('connect', resolve));
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(1200);
  }, 5000);

  it('close does not wait for a decision on a request', async () => {
    let decide: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const server = await start({
      request: () => {
        decide();
        return new Promise(() => {});
      },
    });
    const attempt = expect(connect(server.url)).rejects.toMatchObject({ phase: 'upgrade' });
    await asked;
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(400);
    await attempt;
  });

  it('a second close changes nothing', async () => {
    const server = await start();
    await open(server);
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });

  it('the server closes one connection with a code and a reason', async () => {
    const server = await start({
      handlers: { message: (ws) => ws.close(4001, 'not like that') },
    });
    const ws = await open(server);
    await ws.send('hello');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4001, reason: 'not like that' });
  });
});
