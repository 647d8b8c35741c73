/**
 * No handler is called for what comes while a connection is paused, wherever it was paused.
 */
import { describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import type { EventConnection } from 'wirespeed/server';
import { request as upgradeRequest } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { clients, exchange, open, start } from './running-server.ts';

interface Paused {
  told: string[];
  connection: EventConnection;
  ws: Connection;
  /** Gives the thread time to read what has come: another connection of it exchanges messages meanwhile. */
  settle(): Promise<void>;
}

describe.each([
  ['at once', undefined],
  ['later', async () => undefined],
])('a connection paused in its open handler, accepted %s,', (_, request) => {
  async function openPaused(): Promise<Paused> {
    const told: string[] = [];
    let connection: EventConnection | undefined;
    const server = await start({
      ...(request === undefined ? {} : { request }),
      handlers: {
        open(ws) {
          if (ws.request?.target !== '/paused') return;
          connection = ws;
          ws.pause();
        },
        message: (ws, data) => (ws === connection ? void told.push(`message ${data}`) : undefined),
        ping: (ws) => (ws === connection ? void told.push('ping') : undefined),
        batchEnd: (ws) => (ws === connection ? void told.push('batchEnd') : undefined),
        error: (__, { code, message }) => void told.push(`error ${code} ${message}`),
        close: (__, code) => void told.push(`close ${code}`),
      },
    });
    const other = await open(server);
    const ws = await connect(`${server.url}paused`);
    clients.push(ws);
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await other.ping();
    };
    return { told, connection: connection as unknown as EventConnection, ws, settle };
  }

  it('calls no handler until it is resumed, and then all of them', async () => {
    const { told, connection, ws, settle } = await openPaused();
    await ws.send('one');
    await ws.send('two');
    await settle();
    expect(told).toEqual([]);
    connection.resume();
    await until(() => told.includes('message two'));
    expect(told.filter((text) => text.startsWith('message'))).toEqual([
      'message one',
      'message two',
    ]);
  });

  it('sees the end of the closing handshake once it closes, and says what it dropped for that', async () => {
    const { told, connection, ws, settle } = await openPaused();
    await ws.send('one');
    await ws.send('four');
    await settle();
    connection.close(1000);
    await until(() => told.some((text) => text.startsWith('close')));
    expect(told).toEqual([
      'error WS_MESSAGES_DROPPED 2 messages of 7 bytes in all came after close and were dropped: the program did not receive them in time',
      'close 1000',
    ]);
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1000 });
  });

  it('delivers what waits if it is resumed in the turn in which it closes', async () => {
    const { told, connection, ws, settle } = await openPaused();
    await ws.send('one');
    await settle();
    connection.close(1000);
    connection.resume();
    await until(() => told.some((text) => text.startsWith('close')));
    expect(told).toEqual(['message one', 'batchEnd', 'close 1000']);
  });

  it('does not call batchEnd if it is paused within a message', async () => {
    const told: string[] = [];
    const server = await start({
      handlers: {
        message(ws, data) {
          told.push(String(data));
          ws.pause();
        },
        batchEnd: () => void told.push('batchEnd'),
      },
    });
    const ws = await open(server);
    await Promise.all(['one', 'two'].map((text) => ws.send(text)));
    await until(() => told.length > 0);
    const other = await open(server);
    await other.ping();
    expect(told).toEqual(['one']);
  });
});

describe('without a limit for the closing handshake', () => {
  /** Pauses, and throws. */
  const workInVain = ((ws: EventConnection) => {
    ws.pause();
    return new Promise((resolve) => setTimeout(resolve, 20)).then(() => {
      throw new Error('work failed');
    });
  }) as (ws: EventConnection) => void;

  it('the connection of a refused client with bytes behind its request ends when the client ends it', async () => {
    for (const request of [
      async () => ({ status: 404 }),
      async () => Promise.reject(new Error('x')),
    ]) {
      const server = await start({ closeTimeout: 0, request, error: () => {} });
      const answer = await exchange(
        server,
        Buffer.concat([upgradeRequest(), Buffer.alloc(20_000)]),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 (404|500) /);
      await server.close();
    }
  });

  it('a connection that fails while it is paused ends when its peer ends it', async () => {
    const told: string[] = [];
    const server = await start({
      closeTimeout: 0,
      error: () => {},
      handlers: {
        message: workInVain,
        close: () => void told.push('close'),
      },
    });
    const ws = await open(server);
    await Promise.all(['one', 'two'].map((text) => ws.send(text)));
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1011 });
    await until(() => told.length > 0);
    await server.close();
  });

  it('a connection that is paused once it is closing sees the end of the closing handshake', async () => {
    const told: unknown[] = [];
    const server = await start({ closeTimeout: 0 });
    const ws = await connectEvents(
      server.url,
      { close: (_, code) => void told.push(code) },
      { closeTimeout: 0 },
    );
    ws.close();
    ws.pause();
    await until(() => told.length > 0);
    expect(told).toEqual([1000]);
  });
});
