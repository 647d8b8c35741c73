/**
 * How a server leaves: drained over a time, at a signal, under a cluster; and what it counts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { handleSignals, type Server, serve } from 'wirespeed/server';
import { request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { clients, open, servers, sockets, start } from './running-server.ts';

describe('draining', () => {
  it('closes every connection at its moment, and reports what became of each', async () => {
    const server = await start();
    const open30 = await Promise.all(Array.from({ length: 30 }, () => open(server)));
    const moments: number[] = [];
    const begun = performance.now();
    for (const ws of open30) {
      void (async () => {
        await ws.recv().catch(() => {});
        moments.push(performance.now() - begun);
      })();
    }
    const drained = server.drain({ over: 600 });
    expect(server.state).toBe('draining');
    // The last one's turn comes at the end; it does not wait for it.
    open30.at(-1)?.terminate();
    await expect(open(server)).rejects.toMatchObject({ status: 503 });
    const report = await drained;
    expect(server.state).toBe('closed');
    expect(report).toMatchObject({ total: 30, refused: 1, terminated: 0 });
    expect(report.closed + report.left + report.terminated).toBe(report.total);
    expect(report.left).toBe(1);
    expect(open30.filter(({ closeCode }) => closeCode === 1012)).toHaveLength(29);
    expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThan(400);
    await expect(connect(server.url)).rejects.toMatchObject({ code: 'WS_CONNECT_FAILED' });
  });

  it('terminates at the deadline those that do not answer', async () => {
    const server = await start({ closeTimeout: 10_000 });
    const mute = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    sockets.push(mute);
    mute.write(request());
    await until(() => server.connections.size === 1);
    const answering = await open(server);
    const report = await server.drain({ over: 20, deadline: 200, code: 1001 });
    expect(report).toMatchObject({ total: 2, closed: 1, left: 0, terminated: 1 });
    expect(report.duration).toBeGreaterThan(190);
    expect(answering.closeCode).toBe(1001);
  });

  it('sends what was accepted for sending before it closes', async () => {
    const server = await start({ handlers: { open: (ws) => void ws.send('x'.repeat(500_000)) } });
    const ws = await open(server);
    const drained = server.drain({ over: 0 });
    expect(((await ws.recv()) as string).length).toBe(500_000);
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1012 });
    expect(await drained).toMatchObject({ total: 1, closed: 1 });
  });

  it('refuses a request that is being decided on', async () => {
    let decide: (() => void) | undefined;
    const server = await start({
      request: () =>
        new Promise((resolve) => {
          decide = () => resolve(undefined);
        }),
    });
    const opening = open(server);
    await until(() => decide !== undefined);
    const drained = server.drain({ over: 0 });
    decide?.();
    await expect(opening).rejects.toMatchObject({ status: 503 });
    expect(await drained).toMatchObject({ total: 0 });
  });

  it('is one drain however often it is asked for, and may be cut short by close', async () => {
    const server = await start();
    const [one, two] = [await open(server), await open(server)];
    const [first, second] = [server.drain({ over: 60_000 }), server.drain()];
    await until(() => one.state === 'closed');
    await server.close(4000);
    expect(await first).toBe(await second);
    expect(await first).toMatchObject({ total: 2, left: 0, closed: 2 });
    await until(() => two.state === 'closed');
    expect([one.closeCode, two.closeCode]).toEqual([1012, 4000]);
  });

  it('does not wait for a socket that says nothing', async () => {
    const server = await start();
    const silent = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    sockets.push(silent);
    await until(() => server.stats().pending === 1);
    const report = await server.drain({ over: 0, deadline: 10_000 });
    expect(report).toMatchObject({ total: 0 });
    expect(report.duration).toBeLessThan(5000);
    expect(server.stats()).toMatchObject({ pending: 0, failed: 1 });
  });

  it('counts as closed those whose function fails because of the closing', async () => {
    const server = await serve({
      host: '127.0.0.1',
      connection: async (ws) => {
        for (;;) {
          await ws.send('tick');
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      },
    });
    servers.push(server as unknown as Server);
    const all = await Promise.all(Array.from({ length: 4 }, () => connect(server.url)));
    clients.push(...all);
    for (const ws of all)
      void (async () => {
        for await (const _ of ws);
      })().catch(() => {});
    expect(await server.drain({ over: 0 })).toMatchObject({ total: 4, closed: 4, terminated: 0 });
    expect(server.stats().closed).toEqual({ 1012: 4 });
  });

  it('refuses the request whose hook has begun it', async () => {
    let report: Promise<unknown> | undefined;
    const server = await start({
      request: () => {
        report = server.drain({ over: 0 });
        return undefined;
      },
    });
    await expect(open(server)).rejects.toMatchObject({ status: 503 });
    expect(await report).toMatchObject({ total: 0, refused: 1 });
  });

  it('says what is wrong with its options', async () => {
    const server = await start();
    const wrong = (options: object) => server.drain(options);
    await expect(wrong({ over: -1 })).rejects.toThrow(/drain: over must be 0 or more/);
    await expect(wrong({ code: 1005 })).rejects.toThrow(/may not be sent/);
    await expect(wrong({ timeout: 1 })).rejects.toThrow(/unknown option 'timeout'/);
    expect(server.state).toBe('open');
  });
});

describe('a signal', () => {
  /** Starts a program that serves, and returns what it told: its port. */
  async function program(name: string) {
    const path = new URL(`../support/${name}.mjs`, import.meta.url).pathname;
    const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    const [told] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    return { child, exited, url: `ws://127.0.0.1:${Number(told)}/` };
  }

  it.each(['signalled-server', 'signalled-attached-server', 'signalled-cluster'])(
    'drains, and then the process ends by itself: %s',
    async (name) => {
      const { child, exited, url } = await program(name);
      const all = await Promise.all(Array.from({ length: 4 }, () => connect(url)));
      clients.push(...all);
      child.kill('SIGTERM');
      await Promise.all(all.map((ws) => until(() => ws.state === 'closed')));
      expect(all.map(({ closeCode }) => closeCode)).toEqual([1012, 1012, 1012, 1012]);
      expect(await exited).toEqual([0, null]);
    },
  );

  it('ends the process at once when it comes again', async () => {
    const { child, exited, url } = await program('signalled-server');
    const mute = connectTcp(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
    sockets.push(mute);
    mute.write(request());
    await once(mute, 'data');
    child.kill('SIGTERM');
    await once(mute, 'data');
    child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
  });

  it('is not handled any more when that was stopped', async () => {
    const server = await start();
    const before = process.listenerCount('SIGTERM');
    const stop = handleSignals(server);
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    stop();
    expect(process.listenerCount('SIGTERM')).toBe(before);
    expect(() => handleSignals({} as never)).toThrow(/it takes a server/);
    expect(() => handleSignals(server, { over: -1 })).toThrow(RangeError);
  });
});

it('a server counts what it has done', async () => {
  const server = await start();
  const ws = await open(server);
  await ws.send('hello');
  await ws.recv();
  expect(server.stats()).toMatchObject({
    connections: 1,
    pending: 0,
    accepted: 1,
    messagesReceived: 1,
    messagesSent: 1,
  });
  const { bytesReceived, bytesSent } = server.stats();
  await ws.close();
  await until(() => server.stats().closed[1000] === 1);
  expect(server.stats()).toMatchObject({ connections: 0, messagesReceived: 1 });
  expect(server.stats().bytesReceived).toBeGreaterThan(bytesReceived);
  expect(server.stats().bytesSent).toBeGreaterThan(bytesSent);
  const lost = await open(server);
  lost.terminate();
  await until(() => server.stats().closed[1006] === 1);
  const wrong = connectTcp(server.port, '127.0.0.1').on('error', () => {});
  sockets.push(wrong);
  wrong.write(request());
  // An unmasked frame: the server fails the connection, and counts it by the code that it sends.
  wrong.write(Buffer.from([0x81, 0x00]));
  await until(() => server.stats().closed[1002] === 1);
  const gone = connectTcp(server.port, '127.0.0.1');
  await once(gone, 'connect');
  gone.destroy();
  await until(() => server.stats().failed === 1);
});

it('metrics are text that Prometheus reads', async () => {
  const server = await start();
  const ws = await open(server);
  await ws.send('hello');
  await ws.recv();
  (await open(server)).terminate();
  await until(() => server.stats().closed[1006] === 1);
  const text = server.metrics();
  // Each line is a comment, or a name with labels and a number.
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(
      /^(?:# (?:HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? [0-9.e+-]+)$/,
    );
  }
  const values = Object.fromEntries(
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(' ') as [string, string]),
  );
  expect(values).toMatchObject({
    websocket_server_active_connections: '1',
    websocket_server_up: '1',
    'websocket_server_handshakes_total{outcome="accepted",status="101"}': '2',
    'websocket_server_closes_total{code="1006"}': '1',
    'websocket_server_messages_total{direction="received"}': '1',
    'websocket_server_connection_duration_seconds_bucket{le="+Inf"}': '1',
    websocket_server_connection_duration_seconds_count: '1',
  });
  const names = text.match(/^# TYPE \S+/gm) as string[];
  expect(new Set(names).size).toBe(names.length);
});
