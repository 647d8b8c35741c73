/**
 * The limits that guard a server: each has its status or close code, and its count.
 */
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import type { EventConnection, LimitOptions, Server, UpgradeRequest } from 'wirespeed/server';
import { frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { exchange, open, sockets, start } from './running-server.ts';

const limited = (limits: LimitOptions, options: object = {}): Promise<Server> =>
  start({ limits, ...options });

/** Connects with an address that a trusted proxy has named. */
const openFrom = (server: Server, address: string) =>
  open(server, { headers: { 'X-Forwarded-For': address } });

describe('a server with limits', () => {
  it('refuses connections above them with 503, until there is room', async () => {
    const server = await limited({ connections: 1 });
    const first = await open(server);
    await expect(open(server)).rejects.toMatchObject({ status: 503 });
    await first.close();
    await until(() => server.stats().pending === 0);
    await open(server);
    expect(server.stats().limited.connections).toBe(1);
  });

  it('refuses connections above those of one address with 429, by the /64 of IPv6', async () => {
    const server = await limited({ perIp: 2 }, { trustProxy: ['loopback'] });
    const first = await openFrom(server, '2001:db8::1');
    await openFrom(server, '2001:db8::2');
    const third = await openFrom(server, '2001:db8::3').catch((error: unknown) => error);
    expect(third).toMatchObject({ status: 429 });
    expect((third as { headers: Map<string, string> }).headers.get('retry-after')).toBe('5');
    await openFrom(server, '2001:db8:0:1::1');
    await openFrom(server, '203.0.113.1');
    await first.close();
    await until(() => server.stats().closed[1000] === 1);
    await openFrom(server, '2001:db8::3');
    expect(server.stats()).toMatchObject({ limited: { perIp: 1 }, refused: { 429: 1 } });
  });

  it('gives back the place of a connection that is refused, or goes, before it is open', async () => {
    const decisions: ((status?: number) => void)[] = [];
    const next = async (): Promise<(status?: number) => void> => {
      await until(() => decisions.length === 1);
      return decisions.pop() as () => void;
    };
    const server = await limited(
      { perIp: 1, connections: 1 },
      {
        request: () =>
          new Promise((resolve) => {
            decisions.push((status) => resolve(status === undefined ? undefined : { status }));
          }),
      },
    );
    const refused = open(server);
    (await next())(403);
    await expect(refused).rejects.toMatchObject({ status: 403 });
    const gone = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    gone.write(request());
    await next();
    gone.resetAndDestroy();
    await until(() => server.stats().pending === 0);
    const opened = open(server);
    (await next())();
    expect((await opened).state).toBe('open');
  });

  it('refuses handshakes above their rate with 503, before the hook', async () => {
    let asked = 0;
    const server = await limited(
      { handshakesPerSecond: 3 },
      {
        request: () => {
          asked++;
          return undefined;
        },
      },
    );
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => open(server)));
    const refused = attempts.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(6);
    for (const attempt of refused) expect(attempt).toMatchObject({ reason: { status: 503 } });
    expect(asked).toBe(10 - refused.length);
    expect(server.stats().limited.handshakesPerSecond).toBe(refused.length);
  });

  it('closes with 1008 a connection that sends messages or pings above their rate', async () => {
    const server = await limited({ messagesPerSecond: 20 });
    const calm = await open(server);
    for (const send of ['message', 'ping'] as const) {
      const ws = await open(server);
      for (let i = 0; i < 30; i++) {
        if (send === 'message') void ws.send('x').catch(() => {});
        else void ws.ping().catch(() => {});
      }
      await until(() => ws.state === 'closed');
      expect(ws.closeCode).toBe(1008);
      expect(ws.closeReason).toBe('too many messages');
    }
    await calm.send('hello');
    expect(await calm.recv()).toBe('hello');
    expect(server.stats().limited.messagesPerSecond).toBe(2);
  });

  it('delivers no message beyond the rate', async () => {
    let count = 0;
    const server = await limited(
      { messagesPerSecond: 5 },
      { handlers: { message: () => void count++ } },
    );
    const ws = await open(server);
    for (let i = 0; i < 1000; i++) void ws.send('x').catch(() => {});
    await until(() => ws.state === 'closed');
    expect(count).toBeLessThan(10);
  });

  it('delivers nothing any more once the rate was passed, so that no message is missing between', async () => {
    const got: number[] = [];
    const server = await limited(
      { messagesPerSecond: 50 },
      { handlers: { message: (_: unknown, data: string) => void got.push(Number(data)) } },
    );
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const ended = new Promise((resolve) => socket.resume().once('close', resolve));
    socket.write(request());
    // A client that does not answer the close frame, and goes on sending while tokens come back.
    for (let i = 0; i < 120; i++) {
      socket.write(frame({ opcode: 1, payload: String(i), key: KEY }));
      if (i > 80) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ended;
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => i));
    expect(got.length).toBeLessThan(80);
  });

  it('closes idle connections with 1001, whatever they ping', async () => {
    const server = await limited({ idleTimeout: 200 });
    const [idle, busy] = [await open(server), await open(server)];
    const pings = setInterval(() => void idle.ping().catch(() => {}), 20);
    const messages = setInterval(() => void busy.send('x').catch(() => {}), 20);
    await until(() => idle.state === 'closed');
    clearInterval(pings);
    expect(idle).toMatchObject({ closeCode: 1001, closeReason: 'idle' });
    expect(busy.state).toBe('open');
    clearInterval(messages);
    expect(server.stats().limited.idleTimeout).toBe(1);
  });

  it('closes connections that have lasted their time with 1001', async () => {
    const server = await limited({ lifetime: 100 }, { handlers: {} });
    const ws = await open(server);
    const messages = setInterval(() => void ws.send('x').catch(() => {}), 5);
    await until(() => ws.state === 'closed');
    clearInterval(messages);
    expect(ws.closeCode).toBe(1001);
    expect(server.stats().limited.lifetime).toBe(1);
  });

  it('terminates a client that takes nothing, and not one that takes little', async () => {
    const errors: string[] = [];
    const opened: EventConnection[] = [];
    const server = await limited(
      { sendTimeout: 1000 },
      {
        maxBufferedAmount: 64 * 2 ** 20,
        handlers: {
          open: (ws: EventConnection) => {
            opened.push(ws);
            ws.send(new Uint8Array(20 * 2 ** 20));
          },
          error: (_: unknown, error: { code: string }) => void errors.push(error.code),
        },
      },
    );
    const stuck = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    const slow = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    sockets.push(stuck, slow);
    stuck.write(request());
    slow.write(request());
    const reading = setInterval(() => {
      slow.resume();
      slow.once('data', () => slow.pause());
    }, 4);
    await until(() => errors.length > 0);
    clearInterval(reading);
    expect(errors).toEqual(['WS_SLOW_PEER']);
    expect(opened.map(({ state }) => state)).toEqual(['closed', 'open']);
    expect(server.stats().limited.slow).toBe(1);
  });
});

it('every refusal is told of, with its reason', async () => {
  const told: unknown[] = [];
  const server = await start({
    path: '/here',
    origins: ['https://example.com'],
    refused: (upgrade: UpgradeRequest | undefined, status: number, reason: string) =>
      void told.push([upgrade?.path, status, reason]),
  });
  await exchange(server, request({ 'Sec-WebSocket-Key': 'x' }));
  await exchange(server, 'nonsense\r\n\r\n');
  await exchange(server, request({}, 'GET /there HTTP/1.1'));
  await exchange(server, request({}, 'GET /here?x HTTP/1.1'));
  expect(told).toEqual([
    [undefined, 400, "the 'Sec-WebSocket-Key' header is missing or wrong"],
    [undefined, 400, 'the request line is not valid'],
    ['/there', 404, 'there is no WebSocket at this path'],
    ['/here', 403, 'this origin is not allowed'],
  ]);
  expect(server.stats().refused).toEqual({ 400: 2, 403: 1, 404: 1 });
});

it('an option refused that throws is a fault that harms nobody', async () => {
  const faults: unknown[] = [];
  const server = await start({
    path: '/here',
    refused: () => {
      throw new Error('the log is full');
    },
    error: (error, { source }) => void faults.push([(error as Error).message, source]),
  });
  expect(await exchange(server, request())).toMatch(/^HTTP\/1\.1 404 /);
  expect(faults).toEqual([['the log is full', 'refused']]);
});

it('a hook that never decides has its request refused with 503', async () => {
  const told: unknown[] = [];
  const server = await start({
    handshakeTimeout: 60,
    request: () => new Promise(() => {}),
    refused: (_, status, reason) => void told.push([status, reason]),
  });
  const error = await connect(server.url).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ status: 503 });
  expect(told).toEqual([[503, 'the server took too long to decide']]);
});
