/**
 * What a server does, in every way in which connections reach it.
 */
import { describe, expect, it } from 'vitest';
import type { EventConnection, Handlers, Message, UpgradeRequest } from 'wirespeed/server';
import { closePayload, concat, frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { type FunctionOptions, type Running, startBy, WAYS, type WayOptions } from './ways.ts';

async function later(_: UpgradeRequest): Promise<undefined> {
  await new Promise((resolve) => setImmediate(resolve));
}

type Given = Handlers<unknown, Message>;

const ECHO: Given = { message: (ws, data) => void ws.send(data) };

describe.each(WAYS)('a server by $name', (way) => {
  const start = (options: WayOptions = {}): Promise<Running> =>
    startBy(way, { handlers: ECHO, ...options });
  const startServing = (options: FunctionOptions): Promise<Running> => startBy(way, options);
  const many = way.isByteByByte ? 300 : 70_000;

  it('echoes text and binary of every form of length', async () => {
    const ws = await (await start()).connect();
    for (const length of [0, 1, 125, 126, many]) {
      const text = 'ä'.repeat(length >> 1);
      await ws.send(text);
      expect(await ws.recv()).toBe(text);
      const bytes = new Uint8Array(length).map((_, i) => i);
      await ws.send(bytes);
      expect(Buffer.compare((await ws.recv()) as Uint8Array, bytes)).toBe(0);
    }
  });

  it('calls its handlers in order', async () => {
    const calls: string[] = [];
    const server = await start({
      handlers: {
        open: () => void calls.push('open'),
        message: (ws, data) => {
          calls.push(String(data));
          ws.send('answer');
        },
        ping: (_, data) => void calls.push(`ping ${Buffer.from(data)}`),
        close: (_, code, reason) => void calls.push(`close ${code} ${reason}`),
      },
    });
    const ws = await server.connect();
    await ws.send('one');
    await ws.recv();
    await ws.ping('x');
    await ws.close(4000, 'bye');
    await until(() => calls.length === 4);
    expect(calls).toEqual(['open', 'one', 'ping x', 'close 4000 bye']);
  });

  it('sends from the handler open before the client has sent anything', async () => {
    const server = await start({ handlers: { open: (ws) => void ws.send('welcome') } });
    expect(await (await server.connect()).recv()).toBe('welcome');
  });

  it('receives messages in fragments, and sends them', async () => {
    const server = await start({
      handlers: { message: (ws, data) => void ws.send([data as string, '!']) },
    });
    const ws = await server.connect();
    await ws.send(['a', 'b', 'c']);
    expect(await ws.recv()).toBe('abc!');
  });

  it('compresses', async () => {
    const ws = await (await start({ perMessageDeflate: true })).connect({
      perMessageDeflate: true,
    });
    expect(ws.extensions).toMatch(/^permessage-deflate/);
    const text = 'again and again '.repeat(200);
    await ws.send(text);
    expect(await ws.recv()).toBe(text);
  });

  it('gives the hook the request, and takes its subprotocol, headers and data', async () => {
    const seen: unknown[] = [];
    const server = await start({
      protocols: ['v1'],
      request: (upgrade) => {
        seen.push(upgrade.path, upgrade.query.get('c'), upgrade.cookies.get('sid'));
        seen.push(upgrade.remoteAddress, upgrade.clientAddress, upgrade.isSecure);
        return { protocol: 'v0', headers: { 'Set-Cookie': ['a=1', 'b=2'] }, data: 'ann' };
      },
      handlers: { message: (ws) => void ws.send(ws.data as string) },
    });
    const ws = await server.connect(
      { protocols: ['v0', 'v1'], headers: { Cookie: 'sid=12%203; sid=4' } },
      'a/b?c=d',
    );
    expect(seen).toEqual(['/a/b', 'd', '12 3', '127.0.0.1', '127.0.0.1', way.isSecure]);
    expect(ws.protocol).toBe('v0');
    expect(ws.headers.get('set-cookie')).toBe('a=1, b=2');
    await ws.send('who?');
    expect(await ws.recv()).toBe('ann');
  });

  it('refuses by the hook, at once and later, and tells of it', async () => {
    const refused: unknown[] = [];
    const server = await start({
      request: async (upgrade) => {
        if (upgrade.path === '/later') await new Promise((resolve) => setImmediate(resolve));
        return { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' }, body: 'who?' };
      },
      refused: (upgrade, status, reason) => void refused.push([upgrade?.path, status, reason]),
    });
    for (const path of ['', 'later']) {
      await expect(server.connect({}, path)).rejects.toMatchObject({ status: 401 });
    }
    expect(refused).toEqual([
      ['/', 401, 'refused by the hook'],
      ['/later', 401, 'refused by the hook'],
    ]);
  });

  it('refuses a foreign origin, and above the limit of connections', async () => {
    const server = await start({
      origins: ['https://example.com'],
      limits: { connections: 1 },
    });
    const origin = 'https://example.com';
    await expect(server.connect()).rejects.toMatchObject({ status: 403 });
    await server.connect({ origin });
    const full = await server.connect({ origin }).catch((error: unknown) => error);
    expect(full).toMatchObject({ status: 503 });
    expect((full as { headers: Map<string, string> }).headers.get('retry-after')).toBe('5');
  });

  it('refuses with 500 when the hook throws, and tells of the fault', async () => {
    const faults: unknown[] = [];
    const server = await start({
      request: () => {
        throw new Error('the hook is wrong');
      },
      error: (error, { source }) => void faults.push([(error as Error).message, source]),
    });
    await expect(server.connect()).rejects.toMatchObject({ status: 500 });
    expect(faults).toEqual([['the hook is wrong', 'request']]);
  });

  it('fails a connection whose handler throws, and only that', async () => {
    const faults: unknown[] = [];
    const server = await start({
      handlers: {
        message: (ws, data) => {
          if (data === 'bad') throw new Error('the handler is wrong');
          ws.send(data);
        },
      },
      error: (error) => void faults.push((error as Error).message),
    });
    const [bad, good] = [await server.connect(), await server.connect()];
    await bad.send('bad');
    await expect(bad.recv()).rejects.toMatchObject({ closeCode: 1011 });
    await good.send('good');
    expect(await good.recv()).toBe('good');
    expect(faults).toEqual(['the handler is wrong']);
  });

  it('fails with 1009 for a message above maxMessageSize', async () => {
    const ws = await (await start({ maxMessageSize: 100 })).connect();
    await ws.send('x'.repeat(100));
    expect(await ws.recv()).toHaveLength(100);
    await ws.send(['x'.repeat(60), 'x'.repeat(60)]);
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1009 });
  });

  it('pauses and resumes', async () => {
    const got: unknown[] = [];
    let server: EventConnection | undefined;
    const running = await start({
      handlers: {
        open: (ws) => {
          server = ws;
          ws.pause();
        },
        message: (_, data) => void got.push(data),
      },
    });
    const ws = await running.connect();
    await ws.send('waits');
    await ws.send('too');
    await until(() => (server?.stats().bytesReceived ?? 0) > 0);
    expect(got).toEqual([]);
    server?.resume();
    await until(() => got.length === 2);
    expect(got).toEqual(['waits', 'too']);
  });

  it('closes its connections with the code that it is given', async () => {
    const server = await start();
    const ws = await server.connect();
    await until(() => server.connections.size === 1);
    await server.close(4001, 'over');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4001, reason: 'over' });
  });

  it('serves a connection by a function: iteration, recv with a timeout, the end', async () => {
    const ends: unknown[] = [];
    const server = await startServing({
      connection: async (ws, upgrade) => {
        await expect(ws.recv({ timeout: 1 })).rejects.toMatchObject({ code: 'WS_TIMEOUT' });
        await ws.send(upgrade.path);
        for await (const message of ws) await ws.send(message);
        ends.push(ws.closeCode);
      },
    });
    const ws = await server.connect({}, 'p');
    expect(await ws.recv()).toBe('/p');
    for (const text of ['a', 'b']) {
      await ws.send(text);
      expect(await ws.recv()).toBe(text);
    }
    await ws.close(1000);
    await until(() => ends.length === 1);
    expect(ends).toEqual([1000]);
  });

  it('closes with 1000 when the function returns, with 1011 when it throws', async () => {
    const faults: unknown[] = [];
    const server = await startServing({
      connection: async (ws) => {
        if ((await ws.recv()) === 'throw') throw new Error('the function is wrong');
        await ws.send('the last');
      },
      error: (error, { source, connection }) =>
        void faults.push([(error as Error).message, source, connection !== undefined]),
    });
    const [returns, throws] = [await server.connect(), await server.connect()];
    await returns.send('return');
    expect(await returns.recv()).toBe('the last');
    await expect(returns.recv()).rejects.toMatchObject({ closeCode: 1000 });
    await throws.send('throw');
    await expect(throws.recv()).rejects.toMatchObject({ closeCode: 1011 });
    expect(faults).toEqual([['the function is wrong', 'connection', true]]);
  });

  it('closes with 1008 where the function waited in vain for the client, and takes it for no fault', async () => {
    const faults: unknown[] = [];
    const server = await startServing({
      connection: async (ws) => void (await ws.recv({ timeout: 20 })),
      error: (error) => void faults.push(error),
    });
    const silent = await server.connect();
    await expect(silent.recv()).rejects.toMatchObject({
      closeCode: 1008,
      reason: 'the client took too long',
    });
    expect(faults).toEqual([]);
  });

  it('does not take the end of a connection for a fault of the function', async () => {
    const faults: unknown[] = [];
    let ended = 0;
    const server = await startServing({
      connection: async (ws) => {
        try {
          for (;;) await ws.recv();
        } finally {
          ended++;
        }
      },
      error: (error) => void faults.push(error),
    });
    const [cut, closed] = [await server.connect(), await server.connect()];
    cut.terminate();
    await closed.close();
    await until(() => ended === 2);
    expect(faults).toEqual([]);
  });
});

describe.each(WAYS.filter(({ isSecure, isByteByByte }) => !isSecure && !isByteByByte))(
  'the first bytes, by $name',
  (way) => {
    const client = concat(
      request(),
      frame({ opcode: 1, payload: 'early', key: KEY }),
      frame({ opcode: 8, payload: closePayload(1000), key: KEY }),
    );

    /** Sends the bytes in two segments, the second one when the server has read the first. */
    async function exchangeAt(server: Running, split: number): Promise<string> {
      const socket = server.socket();
      socket.setNoDelay(true);
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => {
        answer += text;
      });
      socket.write(client.subarray(0, split));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(client.subarray(split));
      await new Promise((resolve) => socket.once('close', resolve));
      return answer;
    }

    it.each([
      ['decided on at once', () => undefined],
      ['decided on later', later],
    ])('may come with the request or after it, wherever they are cut; %s', async (_, hook) => {
      const server = await startBy(way, { handlers: ECHO, request: hook });
      const from = request().length - 4;
      const all = await Promise.all(
        Array.from({ length: client.length - from }, (_, i) => exchangeAt(server, from + i)),
      );
      for (const answer of all) {
        expect(answer).toMatch(/^HTTP\/1\.1 101 /);
        expect(answer.split('\r\n\r\n')[1]).toBe('\x81\x05early\x88\x02\x03\xe8');
      }
    });
  },
);
