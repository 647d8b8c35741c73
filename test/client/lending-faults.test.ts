/**
 * Connections that cannot be lent, and calls that a lent or returned connection refuses.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ConcurrencyError,
  type Connection,
  ConnectionClosedError,
  WebSocketError,
} from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { connect as connectSync, type SyncConnection, toAsync, toSync } from 'wirespeed/sync';
import {
  ECHO,
  peer,
  READ_AGAIN,
  STOP_READING,
  sendText,
  sleep,
  UNTIL_TOLD,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { runProgram } from '../support/run-program.ts';
import { elapse, open } from './async-connection.ts';

afterEach(() => vi.unstubAllEnvs());

function thrown(call: () => unknown): WebSocketError {
  try {
    call();
  } catch (error) {
    return error as WebSocketError;
  }
  throw new Error('nothing was thrown');
}

async function expectUsable(ws: Connection): Promise<void> {
  await ws.send('usable');
  expect(await ws.recv()).toBe('usable');
}

async function lend(
  ...args: Parameters<typeof open>
): Promise<{ blocking: SyncConnection } & Awaited<ReturnType<typeof open>>> {
  const opened = await open(...args);
  return { blocking: toSync(opened.ws), ...opened };
}

it('a generateMaskingKey that throws in a blocking send fails the connection, which can be given back', async () => {
  let isBroken = false;
  const generateMaskingKey = (keys: Uint8Array): void => {
    if (isBroken) throw new Error('no entropy');
    keys.fill(0);
  };
  const { ws, blocking } = await lend([ECHO], { generateMaskingKey });
  blocking.send('hello');
  expect(blocking.recv({ timeout: 5000 })).toBe('hello');
  isBroken = true;
  expect(thrown(() => blocking.send('x')).cause).toMatchObject({ code: 'WS_SEND' });
  expect(blocking.state).toBe('closed');
  expect(toAsync(blocking)).toBe(ws);
  await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
});

it('a blocking send that a vm script cuts off fails the connection, which can be given back', async () => {
  const { ws, blocking } = await lend([STOP_READING]);
  const send = (): void => blocking.send(new Uint8Array(30_000_000));
  expect(thrown(() => runInNewContext('send()', { send }, { timeout: 200 })).code).toBe(
    'ERR_SCRIPT_EXECUTION_TIMEOUT',
  );
  expect(thrown(() => blocking.send('more')).cause).toMatchObject({ code: 'WS_CALL_CUT_OFF' });
  expect(blocking.state).toBe('closed');
  expect(toAsync(blocking)).toBe(ws);
  await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
});

it('a generateMaskingKey that a vm script cuts off in a blocking send fails the connection', async () => {
  let isEndless = false;
  const generateMaskingKey = (keys: Uint8Array): void => {
    keys.fill(0);
    while (isEndless);
  };
  const { ws, blocking } = await lend([ECHO], { generateMaskingKey });
  isEndless = true;
  const send = (): void => blocking.send('cut off');
  expect(thrown(() => runInNewContext('send()', { send }, { timeout: 200 })).code).toBe(
    'ERR_SCRIPT_EXECUTION_TIMEOUT',
  );
  isEndless = false;
  expect(thrown(() => blocking.send('more')).cause).toMatchObject({ code: 'WS_CALL_CUT_OFF' });
  expect(toAsync(blocking)).toBe(ws);
  await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
});

describe('toSync refuses, and leaves the connection usable,', () => {
  it('while a recv waits', async () => {
    const { ws } = await open([ECHO]);
    const received = ws.recv();
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConcurrencyError);
    await ws.send('for the recv');
    expect(await received).toBe('for the recv');
    expect(toAsync(toSync(ws))).toBe(ws);
    await expectUsable(ws);
  });

  it('while an iteration waits', async () => {
    const { ws } = await open([ECHO]);
    const iterator = ws[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConcurrencyError);
    await ws.send('for the iteration');
    expect(await next).toEqual({ done: false, value: 'for the iteration' });
    await expectUsable(ws);
  });

  it('while a send waits for its bytes', async () => {
    const { ws } = await open([ECHO]);
    const sent = ws.send(new Blob(['blob']));
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConcurrencyError);
    await sent;
    const blocking = toSync(ws);
    expect(blocking.recv()).toEqual(new Uint8Array(Buffer.from('blob')));
  });

  it('while the system has not taken what was sent; a ping tells when it has', async () => {
    const { ws, script } = await open([STOP_READING, UNTIL_TOLD, READ_AGAIN, ECHO]);
    const sent = ws.send(patternBytes(20_000_000));
    await elapse(10);
    const error = thrown(() => toSync(ws));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error.message).toContain('await a ping()');
    expect(ws.bufferedAmount).toBeGreaterThan(0);
    script.goOn();
    await ws.ping();
    const blocking = toSync(ws);
    blocking.send('small');
    expect((blocking.recv() as Uint8Array).length).toBe(20_000_000);
    expect(blocking.recv()).toBe('small');
    toAsync(blocking);
    await sent;
  });

  it('a second time', async () => {
    const { ws } = await open([ECHO]);
    const blocking = toSync(ws);
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConcurrencyError);
    blocking.send('still lent');
    expect(blocking.recv()).toBe('still lent');
  });

  it('over TLS, and says what to do', async () => {
    const { ws } = await open([ECHO], {}, {}, 'tls');
    const error = thrown(() => toSync(ws));
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error.code).toBe('WS_SYNC_UNSUPPORTED');
    expect(error.message).toMatch(/TLS .*; connect with wirespeed\/sync/);
    await expectUsable(ws);
  });

  it.each([
    ['no descriptor, as on Windows', { fd: -1 }, ''],
    ['none, as its name is missing', { fd: undefined }, ''],
    ['a mode that cannot be set', { setBlocking: undefined }, 'fs-blocking'],
  ])('where the socket has %s', async (_, fields, io) => {
    const sockets: Socket[] = [];
    const note = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', note);
    const { ws } = await open([ECHO]);
    unsubscribe('net.client.socket', note);
    const handle = Reflect.get(sockets[0] as Socket, '_handle') as object;
    for (const [name, value] of Object.entries(fields)) {
      Object.defineProperty(handle, name, { value, configurable: true });
    }
    vi.stubEnv('WIRESPEED_SYNC_IO', io);
    expect(thrown(() => toSync(ws)).code).toBe('WS_SYNC_UNSUPPORTED');
    await expectUsable(ws);
    // Other connections can still be lent.
    vi.unstubAllEnvs();
    const { ws: another } = await open([ECHO]);
    toAsync(toSync(another));
  });

  it('where bytes would have to cross from another thread', async () => {
    vi.stubEnv('WIRESPEED_SYNC_IO', 'worker');
    const { ws } = await open([ECHO]);
    expect(thrown(() => toSync(ws)).code).toBe('WS_SYNC_UNSUPPORTED');
    await expectUsable(ws);
  });

  it('what is closing or closed', async () => {
    const { ws } = await open([waitFor('close'), sleep(20)]);
    const closed = ws.close();
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConnectionClosedError);
    await closed;
    expect(thrown(() => toSync(ws))).toBeInstanceOf(ConnectionClosedError);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a string', 'ws://127.0.0.1/'],
  ])('%s', (_, value) => {
    expect(() => toSync(value as never)).toThrow(TypeError);
    expect(() => toAsync(value as never)).toThrow(TypeError);
  });

  it('a connection of another client, and toAsync one that toSync has not returned', async () => {
    const events = await connectEvents(peer.script('plain', { steps: [ECHO] }).url, {});
    expect(() => toSync(events as never)).toThrow(/that connect of wirespeed made/);
    events.terminate();
    const sync = connectSync(peer.script('plain', { steps: [ECHO] }).url);
    expect(() => toSync(sync as never)).toThrow(/that connect of wirespeed made/);
    expect(() => toAsync(sync)).toThrow(/that toSync returned/);
    sync.terminate();
  });
});

describe('while a connection is lent', () => {
  it('its own methods refuse, and it goes on afterwards as if they had not been called', async () => {
    const { ws, blocking } = await lend([ECHO, sendText('queued')]);
    blocking.ping();
    for (const call of [
      () => ws.send('no'),
      () => ws.send(new Blob(['no'])),
      () => ws.recv(),
      () => ws.recv({ timeout: 10 }),
      () => ws[Symbol.asyncIterator]().next(),
      () => ws.ping(),
      () => ws.close(),
      () => ws[Symbol.asyncDispose](),
    ]) {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConcurrencyError);
      expect((error as Error).message).toContain('toAsync');
    }
    expect(thrown(() => ws.pong())).toBeInstanceOf(ConcurrencyError);
    expect(ws.state).toBe('open');
    toAsync(blocking);
    expect(await ws.recv()).toBe('queued');
    await expectUsable(ws);
  });

  it('terminate ends it all the same', async () => {
    const { ws, blocking } = await lend([ECHO]);
    ws.terminate();
    expect(blocking.state).toBe('closed');
    expect(thrown(() => blocking.recv())).toBeInstanceOf(ConnectionClosedError);
    expect(thrown(() => blocking.send('no'))).toBeInstanceOf(ConnectionClosedError);
    blocking.close();
    expect(toAsync(blocking)).toBe(ws);
    await expect(ws.recv()).rejects.toThrow(ConnectionClosedError);
  });

  it('it does not keep the process alive, nor does a forgotten one', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const { code, lines, lingered } = await runProgram(`
      import { connect } from 'wirespeed';
      import { toSync } from 'wirespeed/sync';
      const blocking = toSync(await connect(${JSON.stringify(url)}));
      blocking.send('hello');
      console.log(blocking.recv());
    `);
    expect({ code, lines }).toEqual({ code: 0, lines: ['hello'] });
    expect(lingered).toBeLessThan(2000);
  });
});

describe('what has been given back', () => {
  it('refuses every call, and its disposal does nothing', async () => {
    const { ws, blocking } = await lend([ECHO, sendText('for the async client')]);
    blocking.ping();
    toAsync(blocking);
    for (const call of [
      () => blocking.send('no'),
      () => blocking.recv(),
      () => blocking[Symbol.iterator]().next(),
      () => blocking.ping(),
      () => blocking.pong(),
      () => blocking.close(),
      () => blocking.terminate(),
      () => toAsync(blocking),
    ]) {
      expect(thrown(call)).toBeInstanceOf(ConcurrencyError);
    }
    blocking[Symbol.dispose]();
    expect(ws.state).toBe('open');
    expect(await ws.recv()).toBe('for the async client');
    // It refuses calls even when the connection has been lent again.
    const another = toSync(ws);
    expect(thrown(() => blocking.recv())).toBeInstanceOf(ConcurrencyError);
    expect(thrown(() => toAsync(blocking))).toBeInstanceOf(ConcurrencyError);
    toAsync(another);
    await expectUsable(ws);
  });
});
