/**
 * A close while something is still being sent. The connection is closing from the call on: messages given
 * before leave, and messages given later are refused.
 */
import { describe, expect, it } from 'vitest';
import type { SendData } from 'wirespeed';
import { connect as connectEvents, type EventConnection } from 'wirespeed/events';
import type { Server } from 'wirespeed/server';
import { open, start } from '../server/running-server.ts';
import { frame } from '../support/frames.ts';
import { READ_ONCE_SENT, STOP_READING, sendBytes } from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { until } from '../support/until.ts';
import { open as openScript } from './async-connection.ts';

const MIB = 1024 * 1024;
const LONG = patternBytes(200_000);

/** Sends that come before the close, and take a while to be ready. */
const PENDING: Readonly<Record<string, () => readonly SendData[]>> = {
  'a message that is compressed': () => [LONG],
  'a Blob': () => [new Blob([LONG])],
  'an array with a Blob': () => [[LONG.subarray(0, 9), new Blob([LONG.subarray(9)])]],
  'an iterable': () => [
    (async function* () {
      yield LONG.subarray(0, 9);
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield LONG.subarray(9);
    })(),
  ],
  'what waits behind another': () => [new Blob(['first']), LONG, 'third', [LONG]],
};

const sizes = (messages: readonly SendData[]): number[] =>
  messages.length === 1 ? [LONG.length] : [5, LONG.length, 5, LONG.length];

/** Tries to use a connection that is closing. */
function attempt(ws: EventConnection): void {
  for (const call of [
    () => ws.send('late'),
    () => ws.send(new Blob(['late'])),
    () => ws.send(['late']),
    () => ws.ping(),
    () => ws.pong(),
  ]) {
    try {
      call();
    } catch {
      // It may be refused in any way.
    }
  }
}

/** Starts a server that records what it receives. */
async function listening(): Promise<{ server: Server; received: number[]; told: string[] }> {
  const received: number[] = [];
  const told: string[] = [];
  const server = await start({
    perMessageDeflate: true,
    handlers: {
      message: (_, data) => void received.push(data.length),
      ping: () => void told.push('ping'),
      pong: () => void told.push('pong'),
      close: (_, code, reason) => void told.push(`${code} ${reason}`),
    },
  });
  return { server, received, told };
}

describe('a close behind a send', () => {
  for (const [what, make] of Object.entries(PENDING)) {
    it(`of the async client, ${what}: closing at once, and in order`, async () => {
      const { server, received, told } = await listening();
      const ws = await open(server, { perMessageDeflate: true });
      const messages = make();
      const sent = Promise.all(messages.map((message) => ws.send(message)));
      const closed = ws.close(1000, 'done');
      expect(ws.state).toBe('closing');
      const refused = { code: 'WS_CONNECTION_CLOSED' };
      for (const late of ['late', new Blob(['late']), ['late'], ['late'].values()]) {
        await expect(ws.send(late)).rejects.toMatchObject(refused);
      }
      await expect(ws.ping()).rejects.toMatchObject(refused);
      expect(() => ws.pong()).toThrow(expect.objectContaining(refused));
      // A second close neither hastens nor changes the first.
      await ws.close(1001, 'again');
      await closed;
      await sent;
      expect([ws.state, ws.closeCode]).toEqual(['closed', 1000]);
      await until(() => told.length > 0);
      expect(received).toEqual(sizes(messages));
      expect(told).toEqual(['1000 done']);
    });

    it(`of the events client, ${what}: closing at once, and in order`, async () => {
      const { server, received, told } = await listening();
      const ws = await connectEvents(server.url, {}, { perMessageDeflate: true });
      const messages = make();
      for (const message of messages) ws.send(message);
      ws.close(1000, 'done');
      expect(ws.state).toBe('closing');
      attempt(ws);
      ws.close(1001, 'again');
      await until(() => told.length > 0);
      expect(received).toEqual(sizes(messages));
      expect(told).toEqual(['1000 done']);
    });

    it(`of a server, ${what}: closing and in connections no more at once, and in order`, async () => {
      const states: unknown[] = [];
      const messages = make();
      const server: Server = await start({
        perMessageDeflate: true,
        handlers: {
          open(peer) {
            for (const message of messages) peer.send(message);
            peer.close(1000, 'done');
            states.push(peer.state, server.connections.has(peer));
            attempt(peer);
          },
        },
      });
      const ws = await open(server, { perMessageDeflate: true });
      const received: number[] = [];
      for await (const message of ws) received.push(message.length);
      expect(states).toEqual(['closing', false]);
      expect(received).toEqual(sizes(messages));
      expect([ws.closeCode, ws.closeReason]).toEqual([1000, 'done']);
    });
  }

  it.each([false, true])('is bounded by closeTimeout, or ended by terminate: %s', async (ends) => {
    const server = await start({ handlers: {} });
    async function* stuck(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => {});
    }
    const ws = await open(server, { closeTimeout: ends ? 60_000 : 100 });
    const sent = ws.send(stuck());
    const closed = ws.close();
    expect(ws.state).toBe('closing');
    if (ends) ws.terminate();
    await closed;
    await expect(sent).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    expect([ws.state, ws.closeCode]).toEqual(['closed', 1006]);
  });
});

describe('a close behind a send that the peer does not take', () => {
  for (const listener of ['plain', 'tls'] as const) {
    it(`reads on, so that a peer that waits to be read goes on: ${listener}`, async () => {
      const message = frame({ opcode: 2, payload: new Uint8Array(100_000) });
      const { ws, script } = await openScript(
        [STOP_READING, sendBytes(message, 200), READ_ONCE_SENT],
        {},
        {},
        listener,
      );
      const sent = ws.send(new Blob([new Uint8Array(20 * MIB)]));
      await ws.close();
      await sent;
      expect(ws.closeCode).toBe(1000);
      expect((await script.seen()).bytes).toBe(20 * MIB);
      let received = 0;
      for await (const bytes of ws) received += bytes.length;
      expect(received).toBe(200 * 100_000);
    });
  }
});
