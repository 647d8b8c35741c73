/**
 * Connections keep real time where a program is tested under fake timers.
 */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { serve } from 'wirespeed/server';
import { connect as connectSync, toAsync, toSync } from 'wirespeed/sync';
import { ECHO, peer } from '../support/peer/index.ts';

/** Everything that fake timers can replace in the process of the tests. */
const FAKED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'performance',
  'hrtime',
  'Date',
] as const;

describe('under fake timers', () => {
  beforeEach(() => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    vi.useFakeTimers({ toFake: [...FAKED] });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const echoUrl = (): string => peer.script('plain', { steps: [ECHO] }).url;

  it('the sync client keeps its time limits', () => {
    const { url: mute } = peer.script('plain', { opening: { isMute: true } });
    expect(() => connectSync(mute, { connectTimeout: 50 })).toThrow(/no connection within 50 ms/);
    const { url: deaf } = peer.script('plain', { ignoresPings: true, ignoresClose: true });
    const ws = connectSync(deaf, { closeTimeout: 50 });
    expect(() => ws.recv({ timeout: 50 })).toThrow('recv timed out after 50 ms');
    expect(() => ws.ping('x', { timeout: 50 })).toThrow('ping timed out after 50 ms');
    ws.close();
    expect(ws.closeCode).toBe(1006);
  });

  it('the async client sends, receives and keeps its time limits', async () => {
    const ws = await connect(echoUrl());
    // More messages than the queue holds, so that reading is paused and resumed.
    for (let i = 0; i < 100; i++) await ws.send(`message ${i}`);
    for (let i = 0; i < 100; i++) expect(await ws.recv()).toBe(`message ${i}`);
    await expect(ws.recv({ timeout: 50 })).rejects.toThrow('recv timed out after 50 ms');
    await ws.close();
    const { url: mute } = peer.script('plain', { opening: { isMute: true } });
    await expect(connect(mute, { connectTimeout: 50 })).rejects.toThrow(
      /no connection within 50 ms/,
    );
    const { url: deaf } = peer.script('plain', { ignoresPings: true, ignoresClose: true });
    const slow = await connect(deaf, { closeTimeout: 50 });
    await slow.close();
    expect(slow.closeCode).toBe(1006);
    const dead = await connect(deaf, { pingInterval: 50, pingTimeout: 50 });
    await expect(dead.recv()).rejects.toMatchObject({ cause: { operation: 'keepalive' } });
  });

  it('a wait that polls ends', async () => {
    const ws: Connection = await connect(echoUrl(), { busyPoll: 1000 });
    await ws.send('polled');
    expect(await ws.recv()).toBe('polled');
    await ws.close();
  });

  it('a lent connection keeps its time limits', async () => {
    const ws = await connect(echoUrl());
    const blocking = toSync(ws);
    expect(() => blocking.recv({ timeout: 50 })).toThrow('recv timed out after 50 ms');
    expect(toAsync(blocking)).toBe(ws);
    await ws.close();
  });

  it('the events client and the server keep their time limits', async () => {
    const server = await serve({
      handshakeTimeout: 50,
      pingInterval: 50,
      pingTimeout: 50,
      handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
    });
    const silent = connectTcp(Number(new URL(server.url).port), '127.0.0.1');
    silent.resume();
    await once(silent, 'close');
    const received: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const handlers = {
        open: (ws: { send(text: string): boolean }) => void ws.send('hello'),
        message(ws: { close(): void }, data: Uint8Array) {
          received.push(new TextDecoder().decode(data));
          ws.close();
        },
        close: () => resolve(),
      };
      connectEvents(server.url, handlers).catch(reject);
    });
    expect(received).toEqual(['hello']);
    await server.close();
  });
});
