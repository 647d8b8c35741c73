/**
 * A thread that is busy reads nothing meanwhile, which is not the peer's fault. So what has come is read before a
 * deadline is judged. A peer that has not answered then is given up at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { EventConnection } from 'wirespeed/server';
import { contract, rejection, type Way } from '../contract/contract.ts';
import { start } from '../server/running-server.ts';
import { sample } from '../support/extent.ts';
import { ECHO, STOP_READING, send, sendText, sleep, waitFor } from '../support/peer/index.ts';
import { until } from '../support/until.ts';

/** Keeps this thread busy, so that timers run before sockets are read in the next turn of the event loop. */
async function stall(milliseconds: number): Promise<void> {
  await new Promise(setImmediate);
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const LIMIT = 100;

contract(
  'a thread that is busy for longer than pingTimeout after a ping',
  ({ connectTo, face, it }) => {
    if (face.name === 'sync')
      return it.everywhere(
        'does not exist in the sync client, which sends no pings by itself',
        () => {},
      );
    it.everywhere('reads the pong before it takes the peer for gone', async () => {
      const steps = [waitFor('ping'), sleep(LIMIT / 4), send({ opcode: 10 }), ECHO];
      const limits = { pingInterval: LIMIT, pingTimeout: LIMIT };
      const { client } = await connectTo(steps, limits, { ignoresPings: true });
      const raw = client.raw as { stats(): { bytesSent: number } };
      const { bytesSent } = raw.stats();
      await until(() => raw.stats().bytesSent > bytesSent);
      await stall(3 * LIMIT);
      await client.send('still there?');
      expect(await client.recv()).toBe('still there?');
      expect(client.properties.state).toBe('open');
    });

    it.everywhere('gives a dead peer up at once, without a closing handshake', async () => {
      const { client } = await connectTo([STOP_READING], {
        pingInterval: LIMIT,
        pingTimeout: LIMIT,
        closeTimeout: 0,
      });
      await rejection(client.recv());
      // A closing handshake would wait for ever here, since it has no time limit.
      await client.close(1000);
      expect(client.properties.state).toBe('closed');
      expect(client.properties.closeCode).toBe(1006);
    });
  },
  ['plain', 'over TLS'],
);

contract(
  'a thread that is busy for longer than closeTimeout',
  ({ connectTo, face, it }) => {
    it.everywhere('reads the close frame that answers its own before it gives up', async () => {
      const { client } = await connectTo([ECHO], { closeTimeout: LIMIT });
      if (face.name === 'sync') {
        await client.close(1000);
      } else {
        const closed = client.close(1000);
        await stall(3 * LIMIT);
        await closed;
      }
      expect(client.properties.closeCode).toBe(1000);
    });
  },
  sample<readonly Way[]>(['plain', 'over TLS'], ['plain']),
);

contract(
  'a thread that is busy for longer than the time limit of a recv',
  ({ connectTo, face, it }) => {
    it.everywhere('receives a message that came in time', async () => {
      const steps = [waitFor('message'), sleep(LIMIT / 4), sendText('in time'), ECHO];
      const { client } = await connectTo(steps);
      await client.send('go');
      const received = client.recv({ timeout: LIMIT });
      if (face.name !== 'sync') await stall(3 * LIMIT);
      expect(await received).toBe('in time');
      if (!face.hasRecv) return;
      await expect(client.recv({ timeout: LIMIT })).rejects.toThrow(face.errors.TimeoutError);
    });
  },
  sample<readonly Way[]>(['plain', 'over TLS'], ['plain']),
);

it('a server whose thread is busy reads the pongs of its clients before it takes them for gone', async () => {
  const errors: unknown[] = [];
  const server = await start({
    pingInterval: LIMIT,
    pingTimeout: LIMIT,
    handlers: { error: (_, error) => void errors.push(error) },
  });
  const program = `
    import { connect } from 'wirespeed/events';
    await connect('${server.url}', {
      ping: (ws) => setTimeout(() => ws.pong(), ${LIMIT / 4}),
      message: (ws) => ws.terminate(),
    }, { autoPong: false });`;
  const client = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  try {
    await until(() => server.connections.size === 1);
    const [connection] = [...server.connections] as [EventConnection];
    for (let i = 0; i < 3; i++) {
      const { bytesSent } = connection.stats();
      await until(() => connection.stats().bytesSent > bytesSent);
      await stall(3 * LIMIT);
    }
    expect(errors).toEqual([]);
    expect(server.connections.size).toBe(1);
    connection.send('enough');
    await once(client, 'exit');
  } finally {
    client.kill();
  }
});
