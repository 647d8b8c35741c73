/**
 * A connection is lost at each byte of a whole session, from the request to the close frames. Both ends get the right
 * error, and nothing is left of the connection. Over TLS, with compression, it is lost at some of the bytes, from the
 * first one of the TLS handshake on.
 *
 * CVE-2022-21676, CVE-2022-41940, CVE-2023-31125: a handshake cut short was an uncaught exception.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConnectError, ConnectionClosedError, connect, type WebSocketError } from 'wirespeed';
import { connect as connectEvents, type EventConnection } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';
import { type Cut, CuttingProxy } from '../support/cutting-proxy.ts';
import { sample } from '../support/extent.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const BYTES = new Uint8Array(300).fill(7);
const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const PLAIN = { protocols: ['chat'], closeTimeout: 3000 };
const DEFLATE = { perMessageDeflate: { threshold: 0 } };
const SECURE = { ...PLAIN, ...DEFLATE, tls: { ca: certificate('authority') } };

/** How a session ended for its client. */
interface Outcome {
  isConnected: boolean;
  messages: number;
  closeCode: number | undefined;
  error: string | undefined;
}

let server: Server;
let proxy: CuttingProxy;
let url: string;
/** The calls of the server's handlers, by connection. */
const told = new Map<EventConnection, string[]>();
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);

/** The options of the clients. */
let options: object;
/** All connections of both ends that are still in memory. */
const connections: WeakRef<object>[] = [];

async function startBehindProxy(isSecure: boolean): Promise<void> {
  const tell = (ws: EventConnection, what: string): void => {
    told.set(ws, [...(told.get(ws) ?? []), what]);
  };
  server = await serve({
    host: '127.0.0.1',
    protocols: ['chat'],
    closeTimeout: 3000,
    ...(isSecure
      ? { ...DEFLATE, tls: { cert: certificate('localhost'), key: certificate('server-key') } }
      : {}),
    handlers: {
      open(ws) {
        connections.push(new WeakRef(ws));
        tell(ws, 'open');
      },
      message: (ws, data, isText) => void ws.send(data, { text: isText }),
      error: (ws, { code }) => tell(ws, code),
      close: (ws, code) => tell(ws, `close ${code}`),
    },
  });
  proxy = await CuttingProxy.start(server.port);
  url = `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${proxy.port}/`;
  options = isSecure ? SECURE : PLAIN;
}

beforeAll(() => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});
beforeEach(() => {
  told.clear();
  connections.length = 0;
});
afterAll(() => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});

async function talkAsync(): Promise<Outcome> {
  const outcome: Outcome = {
    isConnected: false,
    messages: 0,
    closeCode: undefined,
    error: undefined,
  };
  let ws: Awaited<ReturnType<typeof connect>> | undefined;
  try {
    ws = await connect(url, options);
    connections.push(new WeakRef(ws));
    outcome.isConnected = true;
    await ws.send('hello');
    expect(await ws.recv()).toBe('hello');
    outcome.messages++;
    await ws.send(BYTES);
    expect(await ws.recv()).toEqual(BYTES);
    outcome.messages++;
    await ws.ping();
    await ws.close(1000, 'bye');
  } catch (error) {
    outcome.error = nameOf(error);
  }
  await until(() => ws === undefined || ws.state === 'closed');
  return { ...outcome, closeCode: ws?.closeCode };
}

async function talkEvents(): Promise<Outcome> {
  const outcome: Outcome = {
    isConnected: false,
    messages: 0,
    closeCode: undefined,
    error: undefined,
  };
  let closes = 0;
  try {
    const ws = await connectEvents(
      url,
      {
        message(connection, data, isText) {
          outcome.messages++;
          expect(data.length).toBe(isText ? 5 : 300);
          if (isText) connection.send(BYTES);
          else connection.ping();
        },
        pong: (connection) => connection.close(1000, 'bye'),
        close(_, code) {
          closes++;
          outcome.closeCode = code;
        },
        error: (_, error) => {
          outcome.error = nameOf(error);
        },
      },
      options,
    );
    connections.push(new WeakRef(ws));
    outcome.isConnected = true;
    if (ws.state === 'open') ws.send('hello');
    await until(() => closes > 0);
    expect(closes).toBe(1);
  } catch (error) {
    outcome.error = nameOf(error);
  }
  return outcome;
}

const SYNC = `
  import { connect } from 'wirespeed/sync';
  for (let i = 0; i < COUNT; i++) {
    const outcome = { isConnected: false, messages: 0 };
    let ws;
    try {
      ws = connect(URL, OPTIONS);
      outcome.isConnected = true;
      ws.send('hello');
      if (ws.recv() === 'hello') outcome.messages++;
      ws.send(new Uint8Array(300));
      if (ws.recv().length === 300) outcome.messages++;
      ws.ping();
      ws.close(1000, 'bye');
    } catch (error) {
      outcome.error = error.constructor.name;
    }
    while (ws !== undefined && ws.state !== 'closed') ws.close();
    console.log(JSON.stringify({ ...outcome, closeCode: ws?.closeCode }));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const kinds = process.getActiveResourcesInfo();
  console.log(JSON.stringify(kinds.filter((kind) => kind !== 'PipeWrap' && kind !== 'TTYWrap')));`;

async function talkSync(count: number): Promise<Outcome[]> {
  // Its environment makes it trust the tests' authority.
  const { tls: _, ...rest } = options as typeof SECURE;
  const source = SYNC.replace('URL', JSON.stringify(url))
    .replace('OPTIONS', JSON.stringify(rest))
    .replace('COUNT', String(count));
  const { lines, stderr, code } = await runProgram(source);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(lines.pop() as string)).toEqual([]);
  return lines.map((line) => JSON.parse(line) as Outcome);
}

function nameOf(error: unknown): string {
  const isOurs = error instanceof ConnectError || error instanceof ConnectionClosedError;
  return isOurs || (error as WebSocketError).code?.startsWith('WS_')
    ? (error as Error).constructor.name
    : `not ours: ${error}`;
}

/** Lists what the process has open, without what the test runner has. Timers are not listed: they keep connections. */
function resources(): string {
  const kinds = process.getActiveResourcesInfo();
  return kinds
    .filter((kind) => kind !== 'PipeWrap' && kind !== 'Timeout')
    .sort()
    .join();
}

/** Lists what is open once nothing changes any more: earlier connections may still be closing. */
async function settledResources(): Promise<string> {
  let seen = resources();
  let since = performance.now();
  await until(() => {
    const found = resources();
    if (found !== seen) since = performance.now();
    seen = found;
    return performance.now() - since > 200;
  });
  return seen;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const CONNECT_ERRORS = ['ConnectError', 'HandshakeError'];
const LATER_ERRORS = ['ConnectionClosedError', 'TransportError'];

/** The end that a client must see if its session is cut there. */
function expectOutcome(outcome: Outcome, { from, at, how }: Cut, opening?: number): void {
  const about = `${how} after ${at} bytes of the ${from}: ${JSON.stringify(outcome)}`;
  const { isConnected, messages, error, closeCode } = outcome;
  // A reset may arrive before the last bytes that were sent.
  if (how === 'FIN' && opening !== undefined) expect(isConnected, about).toBe(at >= opening);
  if (!isConnected) {
    expect(CONNECT_ERRORS, about).toContain(error);
    expect(messages, about).toBe(0);
    return;
  }
  expect([1000, 1006], about).toContain(closeCode);
  if (error !== undefined) expect(LATER_ERRORS, about).toContain(error);
  if (closeCode === 1000) expect(messages, about).toBe(2);
}

/** The calls that the server's handlers must have had for each connection. */
function expectTold(): void {
  for (const events of told.values()) {
    expect(events[0]).toBe('open');
    expect(events.at(-1)).toMatch(/^close (?:1000|1006)$/);
    const between = events.slice(1, -1);
    expect(between.length).toBeLessThanOrEqual(1);
    for (const error of between) expect(error).toBe('WS_TRANSPORT');
  }
}

/** Every cut of a session, or one in so many; and how many bytes the opening handshake has at each end. */
async function cuts(step: number): Promise<{ all: Cut[]; opening: Record<Cut['from'], number> }> {
  proxy.plan(undefined);
  expect(await talkAsync()).toMatchObject({ error: undefined, closeCode: 1000, messages: 2 });
  const { client, server: answered } = { ...proxy.passed };
  // The frames: text of 5 bytes, binary of 300, ping of 4, close of 5; masked, and their echoes.
  const masked = 6 + 5 + (8 + 300) + (6 + 4) + (6 + 5);
  const bare = 2 + 5 + (4 + 300) + (2 + 4) + (2 + 2);
  const opening = { client: client - masked + 1, server: answered - bare };
  const all: Cut[] = [];
  for (const how of ['FIN', 'RST'] as const) {
    for (let at = 0; at < client; at += step) all.push({ from: 'client', at, how });
    for (let at = 0; at < answered; at += step) all.push({ from: 'server', at, how });
  }
  return { all, opening };
}

/** Tells whether `close` was called for every connection for which `open` was. */
function areAllClosed(): boolean {
  return [...told.values()].every((events) => events.at(-1)?.startsWith('close') === true);
}

async function expectNothingLeft(before: string): Promise<void> {
  await until(() => areAllClosed() && resources() === before);
  expect(server.connections.size).toBe(0);
  expectTold();
  expect(uncaught).toEqual([]);
}

const ASYNCHRONOUS = [
  ['async', talkAsync],
  ['events', talkEvents],
] as const;

describe.each([
  [
    sample('every byte of a session', 'every third byte of a session'),
    false,
    sample(1, 3),
    sample(5, 15),
  ],
  ['some of the bytes of a session over TLS', true, 37, 101],
])('a connection cut at %s', (_, isSecure, step, stepOfSync) => {
  beforeAll(() => startBehindProxy(isSecure));
  afterAll(async () => {
    await server.close();
    await proxy.stop();
  });

  it.each(ASYNCHRONOUS)(
    'ends in the right error in the %s client and the server, and leaves nothing behind',
    async (__, talk) => {
      const { all, opening } = await cuts(step);
      expect(all.length).toBeGreaterThan(isSecure ? 80 : sample(1500, 500));
      await until(areAllClosed);
      told.clear();
      const before = await settledResources();
      // One after the other: the proxy gives the next cut to the next connection.
      for (const cut of all) {
        proxy.plan(cut);
        expectOutcome(await talk(), cut, isSecure ? undefined : opening[cut.from]);
      }
      await expectNothingLeft(before);
      told.clear();
      expect(connections.length).toBeGreaterThan(all.length / 4);
      await until(() => {
        collect();
        return connections.every((connection) => connection.deref() === undefined);
      });
    },
    120_000,
  );

  it('ends in the right error in the sync client and the server, and leaves nothing behind', async () => {
    const { all, opening } = await cuts(stepOfSync);
    await until(areAllClosed);
    told.clear();
    const before = await settledResources();
    proxy.plan(...all);
    const outcomes = await talkSync(all.length);
    expect(outcomes).toHaveLength(all.length);
    all.forEach((cut, i) => {
      expectOutcome(outcomes[i] as Outcome, cut, isSecure ? undefined : opening[cut.from]);
    });
    await expectNothingLeft(before);
  }, 120_000);
});
