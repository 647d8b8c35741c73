/**
 * How much leaves in one write. The messages of a turn leave together, but a client's first ones leave early, so that
 * its server has work.
 */
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { connect as connectEvents, type EventConnection } from '../../src/entries/events.ts';
import { connect } from '../../src/entries/index.ts';
import { serve } from '../../src/entries/server.ts';

const SIZE = 512;
const COUNT = 100;
const CLIENT_FRAME = SIZE + 8;
const SERVER_FRAME = SIZE + 4;

describe('a hundred messages of 512 bytes that are sent within one turn', () => {
  let write: MockInstance<Socket['write']>;

  beforeEach(() => {
    write = vi.spyOn(Socket.prototype, 'write');
  });

  afterEach(() => write.mockRestore());

  /** Returns the lengths of the writes of sockets connected to the port, or accepted on it. */
  function writes(port: number, side: 'localPort' | 'remotePort'): number[] {
    return write.mock.calls.flatMap(([bytes], index) => {
      const isTheirs = (write.mock.contexts[index] as Socket)[side] === port;
      return isTheirs ? [(bytes as Uint8Array).length] : [];
    });
  }

  it('leave a client as one message at once and then batches of 16 KiB, and the answers leave the server in one', async () => {
    const server = await serve({
      host: '127.0.0.1',
      port: 0,
      handlers: { message: (ws, data) => void ws.send(data) },
    });
    const ws = await connect(server.url);
    write.mockClear();
    const sent = Array.from({ length: COUNT }, () => ws.send(new Uint8Array(SIZE)));
    for (let i = 0; i < COUNT; i++) await ws.recv();
    await Promise.all(sent);

    const port = Number(new URL(server.url).port);
    const batches = writes(port, 'remotePort');
    const full = Math.ceil((16 * 1024) / CLIENT_FRAME) * CLIENT_FRAME;
    expect(batches[0]).toBe(CLIENT_FRAME);
    // After some milliseconds a new turn begins, which writes its first message at once.
    expect(batches.length).toBeLessThan(10);
    expect(batches.filter((length) => length === full).length).toBeGreaterThanOrEqual(2);
    expect(batches.reduce((sum, length) => sum + length)).toBe(COUNT * CLIENT_FRAME);

    // All messages had left before the server's turn, so it read them at once.
    expect(writes(port, 'localPort')).toEqual([COUNT * SERVER_FRAME]);

    await ws.close();
    await server.close();
  });

  it('leave a client in batches of 16 KiB within a delivery too, so that the server has work', async () => {
    const server = await serve({
      host: '127.0.0.1',
      port: 0,
      handlers: {
        message(ws) {
          for (let i = 0; i < COUNT; i++) ws.send(new Uint8Array(SIZE));
        },
      },
    });
    let answered = 0;
    const ws = await new Promise<EventConnection>((resolve) => {
      const client = connectEvents(server.url, {
        message(connection, data) {
          connection.send(data);
          if (++answered === COUNT) resolve(client);
        },
      });
      void client.then((connection) => {
        write.mockClear();
        connection.cork(() => connection.send('go'));
      });
    });
    const batches = writes(Number(new URL(server.url).port), 'remotePort');
    const full = Math.ceil((16 * 1024) / CLIENT_FRAME) * CLIENT_FRAME;
    expect(batches.filter((length) => length === full).length).toBeGreaterThanOrEqual(2);
    ws.terminate();
    await server.close();
  });
});
