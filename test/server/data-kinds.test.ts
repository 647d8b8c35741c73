/**
 * A server's connection sends the exact bytes that it is given, or throws a TypeError and sends nothing.
 */
import { describe, expect, it } from 'vitest';
import { connect as connectEvents } from 'wirespeed/events';
import type { EventConnection, Handlers } from 'wirespeed/server';
import { KINDS, WRONG_KINDS } from '../support/data-kinds.ts';
import { open, start } from './running-server.ts';

/** Calls `act` with a server's connection for each message of its client. */
async function served(
  act: (ws: EventConnection) => void,
): Promise<Awaited<ReturnType<typeof open>>> {
  const handlers: Handlers = {
    message(ws) {
      act(ws);
      ws.send('done');
    },
  };
  const ws = await open(await start({ handlers }));
  await ws.send('act');
  return ws;
}

describe("a server's connection", () => {
  it.each(Object.entries(KINDS))('sends the exact bytes of %s', async (_, make) => {
    const { data, bytes } = make();
    const ws = await served((connection) => void connection.send(data as Uint8Array));
    expect([...((await ws.recv()) as Uint8Array)]).toEqual([...bytes]);
    expect(await ws.recv()).toBe('done');
  });

  it('sends the exact bytes of every kind in a ping and in a pong', async () => {
    const kinds = Object.entries(KINDS).filter(([what]) => !what.endsWith('Blob'));
    const told: string[] = [];
    const server = await start({
      handlers: {
        open(connection) {
          for (const [, make] of kinds) {
            connection.ping(make().data as Uint8Array);
            connection.pong(make().data as Uint8Array);
          }
          connection.close();
        },
      },
    });
    await new Promise<void>((resolve, reject) => {
      const tell = (what: string) => (_: unknown, data: Uint8Array) => {
        told.push(`${what} ${Buffer.from(data).toString('hex')}`);
      };
      const handlers = { ping: tell('ping'), pong: tell('pong'), close: () => resolve() };
      connectEvents(server.url, handlers).catch(reject);
    });
    const expected = kinds.flatMap(([, make]) => {
      const hex = Buffer.from(make().bytes).toString('hex');
      return [`ping ${hex}`, `pong ${hex}`];
    });
    expect(told).toEqual(expected);
  });

  it.each(Object.entries(WRONG_KINDS))(
    'throws a TypeError for %s, as a message, a ping and a pong, and sends nothing',
    async (what, make) => {
      const thrown: unknown[] = [];
      const attempt = (call: () => void): void => {
        try {
          call();
        } catch (error) {
          thrown.push(error);
        }
      };
      const ws = await served((connection) => {
        const data = make() as string;
        attempt(() => connection.send(data));
        // Without an argument a ping has a counter, and a pong is empty.
        if (what === 'undefined') return;
        attempt(() => connection.ping(data));
        attempt(() => connection.pong(data));
      });
      expect(await ws.recv()).toBe('done');
      expect(thrown).toHaveLength(what === 'undefined' ? 1 : 3);
      for (const error of thrown) expect(error).toBeInstanceOf(TypeError);
      expect(ws.stats().messagesReceived).toBe(1);
    },
  );

  it.each([
    ['a code that is no number', '1000', ''],
    ['a reason that is no string', 1000, 42],
    ['a code that may not be sent', 1006, ''],
    ['a reason above 123 bytes', 1000, 'x'.repeat(124)],
  ])('throws for %s of a close frame, and stays open', async (_, code, reason) => {
    let thrown: unknown;
    const ws = await served((connection) => {
      try {
        connection.close(code as number, reason as string);
      } catch (error) {
        thrown = error;
      }
    });
    expect(await ws.recv()).toBe('done');
    expect(thrown).toBeInstanceOf(Error);
    expect(ws.state).toBe('open');
  });
});
