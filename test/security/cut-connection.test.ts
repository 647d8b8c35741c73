/**
 * A connection that is lost at any byte of a whole session, from the first of the request to the
 * last of the close frames, ends in the right error on both sides, and nothing is left of it.
 *
 * CVE-2022-21676, CVE-2022-41940, CVE-2023-31125: a handshake cut short was an uncaught exception.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConnectError, ConnectionClosedError, connect, type WebSocketError } from 'wirespeed';
import { connect as connectEvents, type EventConnection } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';
import { type Cut, CuttingProxy } from '../support/cutting-proxy.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const BYTES = new Uint8Array(300).fill(7);
const OPTIONS = { protocols: ['chat'], closeTimeout: 3000 };

/** What became of a session, as its client tells. */
interface Outcome {
  isConnected: boolean;
  messages: number;
  closeCode: number | undefined;
  error: string | undefined;
}

let server: Server;
let proxy: CuttingProxy;
let url: string;
/** What the server's handlers were told, by connection. */
const told = new Map<EventConnection, string[]>();
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);

beforeAll(async () => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  const tell = (ws: EventConnection, what: string): void => {
    told.set(ws, [...(told.get(ws) ?? []), what]);
  };
  server = await serve({
    protocols: ['chat'],
    closeTimeout: 3000,
    handlers: {
      open: (ws) => tell(ws, 'open'),
      message: (ws, data, isText) => void ws.send(data, { text: isText }),
      error: (ws, { code }) => tell(ws, code),
      close: (ws, code) => tell(ws, `close ${code}`),
    },
  });
  proxy = await CuttingProxy.start(server.port);
  url = `ws://127.0.0.1:${proxy.port}/`;
});
beforeEach(() => told.clear());
afterAll(async () => {
  await server.close();
  await proxy.stop();
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
    ws = await connect(url, OPTIONS);
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
      OPTIONS,
    );
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
      ws = connect(URL, { protocols: ['chat'], closeTimeout: 3000 });
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
  }`;

async function talkSync(count: number): Promise<Outcome[]> {
  const source = SYNC.replace('URL', JSON.stringify(url)).replace('COUNT', String(count));
  const { lines, stderr, code } = await runProgram(source);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return lines.map((line) => JSON.parse(line) as Outcome);
}

function nameOf(error: unknown): string {
  const isOurs = error instanceof ConnectError || error instanceof ConnectionClosedError;
  return isOurs || (error as WebSocketError).code?.startsWith('WS_')
    ? (error as Error).constructor.name
    : `not ours: ${error}`;
}

/** Sockets that the process has open. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

const CONNECT_ERRORS = ['ConnectError', 'HandshakeError'];
const LATER_ERRORS = ['ConnectionClosedError', 'TransportError'];

/** What must have come of a session that was cut so. */
function expectOutcome(outcome: Outcome, { from, at, how }: Cut, opening: number): void {
  const about = `${how} after ${at} bytes of the ${from}: ${JSON.stringify(outcome)}`;
  const { isConnected, messages, error, closeCode } = outcome;
  // A reset may overtake the last bytes before it.
  if (how === 'FIN') expect(isConnected, about).toBe(at >= opening);
  if (!isConnected) {
    expect(CONNECT_ERRORS, about).toContain(error);
    expect(messages, about).toBe(0);
    return;
  }
  expect([1000, 1006], about).toContain(closeCode);
  if (error !== undefined) expect(LATER_ERRORS, about).toContain(error);
  if (closeCode === 1000) expect(messages, about).toBe(2);
}

/** What the server must have been told of each connection. */
function expectTold(): void {
  for (const events of told.values()) {
    expect(events[0]).toBe('open');
    expect(events.at(-1)).toMatch(/^close (?:1000|1006)$/);
    const between = events.slice(1, -1);
    expect(between.length).toBeLessThanOrEqual(1);
    for (const error of between) expect(error).toBe('WS_TRANSPORT');
  }
}

/** Every cut of a session, or each so-manieth; and how many bytes of each end its opening has. */
async function cuts(step: number): Promise<{ all: Cut[]; opening: Record<Cut['from'], number> }> {
  proxy.plan(undefined);
  expect(await talkAsync()).toMatchObject({ error: undefined, closeCode: 1000, messages: 2 });
  const { client, server: answered } = { ...proxy.passed };
  // Frames: text of 5, binary of 300, ping of 4, close of 5; masked, and their echoes.
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

async function expectNothingLeft(before: number): Promise<void> {
  await until(() => server.connections.size === 0 && sockets() <= before);
  expectTold();
  expect(uncaught).toEqual([]);
}

describe('a connection cut at every byte of a session', () => {
  it.each([
    ['async', talkAsync],
    ['events', talkEvents],
  ])(
    'ends in the right error in the %s face and the server, and leaves nothing behind',
    async (_, talk) => {
      const { all, opening } = await cuts(1);
      expect(all.length).toBeGreaterThan(1500);
      await until(() => server.connections.size === 0);
      told.clear();
      const before = sockets();
      // In order, so that each connection meets its cut; several at a time would mix them up.
      for (const cut of all) {
        proxy.plan(cut);
        expectOutcome(await talk(), cut, opening[cut.from]);
      }
      await expectNothingLeft(before);
    },
    60_000,
  );

  it('ends in the right error in the sync face and the server, and leaves nothing behind', async () => {
    const { all, opening } = await cuts(5);
    await until(() => server.connections.size === 0);
    told.clear();
    const before = sockets();
    proxy.plan(...all);
    const outcomes = await talkSync(all.length);
    expect(outcomes).toHaveLength(all.length);
    all.forEach((cut, i) => {
      expectOutcome(outcomes[i] as Outcome, cut, opening[cut.from]);
    });
    await expectNothingLeft(before);
  }, 60_000);
});
