/**
 * Connections of the async client that blocking calls drive for a while: everything arrives, in order,
 * whichever of the two receives it. Faults are in lending-faults.test.ts.
 */
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { constants, existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Connection, ConnectionClosedError, TimeoutError } from 'wirespeed';
import { type SyncConnection, toAsync, toSync } from 'wirespeed/sync';
import { BLOCKING_IO } from '../support/blocking-io.ts';
import { frame } from '../support/frames.ts';
import {
  ECHO,
  END,
  flood,
  READ_AGAIN,
  READ_ONCE_SENT,
  STOP_READING,
  send,
  sendBytes,
  sendClose,
  sendText,
  sleep,
  UNTIL_TOLD,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { until } from '../support/until.ts';
import { elapse, open } from './async-connection.ts';

/** The ways that have the descriptor of the socket: `worker` does not. */
const WITH_DESCRIPTOR = BLOCKING_IO.filter((io) => io !== 'worker');

afterEach(() => vi.unstubAllEnvs());

function force(io: string): void {
  vi.stubEnv('WIRESPEED_SYNC_IO', io);
}

/** Makes a source of random numbers from 0 to `below`, the same in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Numbers the messages sent, of which some are long, and checks the numbers received. */
class Numbered {
  #sent = 0;
  #received = 0;

  get underWay(): number {
    return this.#sent - this.#received;
  }

  next(): string | Uint8Array {
    const number = this.#sent++;
    if (number % 7 === 3) return new Uint8Array(new Uint32Array([number]).buffer);
    return `${number} ${'x'.repeat(number % 50 === 0 ? 100_000 : number % 200)}`;
  }

  take(message: string | Uint8Array): void {
    const number =
      typeof message === 'string'
        ? Number.parseInt(message, 10)
        : (new Uint32Array(message.buffer, message.byteOffset, 1)[0] as number);
    if (number !== this.#received) throw new Error(`${number} came, not ${this.#received}`);
    this.#received++;
  }
}

/** Sends and receives some messages by awaited and by blocking calls, and leaves some to the next round. */
async function alternate(
  ws: Connection,
  numbered: Numbered,
  random: (below: number) => number,
): Promise<void> {
  const promises: Promise<void>[] = [];
  for (let i = random(3); i > 0; i--) promises.push(ws.send(numbered.next()));
  const blocking = toSync(ws);
  for (let i = random(4); i > 0; i--) blocking.send(numbered.next());
  // The event loop may run while the connection is lent.
  if (random(10) === 0) await new Promise(setImmediate);
  for (let i = random(numbered.underWay + 1); i > 0; i--) numbered.take(blocking.recv());
  expect(toAsync(blocking)).toBe(ws);
  if (random(4) === 0) await new Promise(setImmediate);
  for (let i = random(numbered.underWay + 1); i > 0; i--) numbered.take(await ws.recv());
  await Promise.all(promises);
}

describe.each(WITH_DESCRIPTOR)(
  'alternating calls that block and calls that do not, by %s',
  (io) => {
    it.each([
      ['plain', 2000, {}],
      ['compressed', 500, { perMessageDeflate: { threshold: 100 } }],
    ] as const)('lose no message and keep the order: %s, %i times', async (_, times, options) => {
      force(io);
      const { ws } = await open([ECHO], options);
      const numbered = new Numbered();
      const random = randomNumbers(times);
      for (let i = 0; i < times; i++) await alternate(ws, numbered, random);
      while (numbered.underWay > 0) numbered.take(await ws.recv());
      await ws.close();
      expect(ws.closeCode).toBe(1000);
    });

    // Only Linux lists the descriptors of a process in a folder.
    const run = existsSync('/proc/self/fdinfo') ? it : it.skip;

    run('leave the descriptor in the mode that the event loop needs', async () => {
      force(io);
      const sockets: Socket[] = [];
      const note = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
      subscribe('net.client.socket', note);
      const { ws } = await open([ECHO, sleep(60), sendText('late')], { pingInterval: 0 });
      unsubscribe('net.client.socket', note);
      const isNonBlocking = (): boolean => {
        const { fd } = Reflect.get(sockets[0] as Socket, '_handle') as { fd: number };
        const [, flags] =
          /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
        return (Number.parseInt(flags as string, 8) & constants.O_NONBLOCK) !== 0;
      };
      const blocking = toSync(ws);
      expect(isNonBlocking()).toBe(true);
      // The wait is so long that it ends in a read that blocks, where there is such a read.
      expect(blocking.recv()).toBe('late');
      expect(isNonBlocking()).toBe(true);
      blocking.send('lent');
      expect(blocking.recv()).toBe('lent');
      toAsync(blocking);
      expect(isNonBlocking()).toBe(true);
      await ws.send('back');
      expect(await ws.recv()).toBe('back');
    });
  },
);

describe('what is under way when a connection is lent', () => {
  it('what it has received already is received first', async () => {
    const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    const { ws } = await open([...texts.map(sendText), ECHO]);
    await until(() => ws.stats().messagesReceived >= 16);
    const blocking = toSync(ws);
    for (const text of texts) expect(blocking.recv({ timeout: 1000 })).toBe(text);
    blocking.send('more');
    expect(blocking.recv()).toBe('more');
  });

  it('what one read has brought, more than the queue holds, is received in its place', async () => {
    const frames = Array.from({ length: 500 }, (_, i) => frame({ opcode: 1, payload: `${i}` }));
    const { ws } = await open([sendBytes(Buffer.concat(frames)), ECHO]);
    expect(await ws.recv()).toBe('0');
    const blocking = toSync(ws);
    blocking.send('last');
    for (let i = 1; i < 500; i++) expect(blocking.recv({ timeout: 1000 })).toBe(`${i}`);
    expect(blocking.recv()).toBe('last');
  });

  it('what it has received already is received before an end that comes behind it', async () => {
    const frames = Array.from({ length: 100 }, (_, i) => frame({ opcode: 1, payload: `${i}` }));
    const { ws } = await open([sendBytes(Buffer.concat(frames)), END]);
    await until(() => ws.stats().messagesReceived >= 16);
    const blocking = toSync(ws);
    for (let i = 0; i < 100; i++) expect(blocking.recv({ timeout: 1000 })).toBe(`${i}`);
    expect(() => blocking.recv({ timeout: 1000 })).toThrow(ConnectionClosedError);
  });

  it('what was sent and not awaited leaves first', async () => {
    const { ws } = await open([ECHO]);
    const sent = [ws.send('first'), ws.send(patternBytes(300_000)), ws.send('third')];
    const blocking = toSync(ws);
    blocking.send('fourth');
    expect(blocking.recv()).toBe('first');
    expect(Buffer.compare(blocking.recv() as Uint8Array, patternBytes(300_000))).toBe(0);
    expect(blocking.recv()).toBe('third');
    expect(blocking.recv()).toBe('fourth');
    await Promise.all(sent);
  });

  it('a ping is answered within a blocking call, and its promise fulfilled afterwards', async () => {
    const { ws } = await open([waitFor('message'), sendText('after the pong')]);
    const first = ws.ping();
    const second = ws.ping('by name');
    const blocking = toSync(ws);
    blocking.send('go');
    expect(blocking.recv()).toBe('after the pong');
    expect(blocking.latency).toBeGreaterThan(0);
    toAsync(blocking);
    expect(await first).toBeGreaterThan(0);
    expect(await second).toBe(ws.latency);
  });

  it('a ping of its own does not get the pong of another', async () => {
    const { ws } = await open([ECHO]);
    const pings = [ws.ping()];
    const blocking = toSync(ws);
    expect(blocking.ping()).toBeGreaterThan(0);
    toAsync(blocking);
    pings.push(ws.ping());
    for (const roundTrip of await Promise.all(pings)) expect(roundTrip).toBeGreaterThan(0);
  });

  it('is no matter in the middle of what one read has brought', async () => {
    const frames = Array.from({ length: 20 }, (_, i) => frame({ opcode: 1, payload: `${i}` }));
    const { ws } = await open([sendBytes(Buffer.concat(frames), 3), ECHO]);
    const received: unknown[] = [];
    for await (const message of ws) {
      received.push(message);
      const blocking = toSync(ws);
      received.push(blocking.recv());
      if (received.length === 30) blocking.send('echoed');
      toAsync(blocking);
      if (received.length === 60) break;
    }
    expect(received).toEqual(Array.from({ length: 60 }, (_, i) => `${i % 20}`));
    expect(await ws.recv()).toBe('echoed');
  });
});

describe('what is under way when a connection is given back', () => {
  it('receives the messages that waited, in order, and pauses the socket if they are many', async () => {
    const frames = Array.from({ length: 100 }, (_, i) => frame({ opcode: 1, payload: `${i}` }));
    const { ws } = await open(
      [sendBytes(Buffer.concat(frames)), waitFor('ping', 2), sendText('one more'), ECHO],
      { receiveQueue: { high: 16, low: 4 } },
    );
    const blocking = toSync(ws);
    // The ping keeps the messages that come before its pong.
    blocking.ping();
    toAsync(blocking);
    const second = ws.ping();
    await elapse(50);
    expect(ws.stats().messagesReceived).toBe(100);
    for (let i = 0; i < 100; i++) expect(await ws.recv()).toBe(`${i}`);
    expect(await ws.recv()).toBe('one more');
    await second;
  });

  it('what a send could not hand to the system in time leaves from the event loop', async () => {
    const { ws, script } = await open([STOP_READING, UNTIL_TOLD, READ_AGAIN, waitFor('over')]);
    const { ws: other } = await open([]);
    const before = ws.stats().bytesSent;
    const blocking = toSync(ws);
    const large = patternBytes(20_000_000);
    expect(() => blocking.send(large, { timeout: 50 })).toThrow(TimeoutError);
    expect(() => blocking.send('second', { timeout: 50 })).toThrow(TimeoutError);
    expect(blocking.bufferedAmount).toBeGreaterThan(0);
    // Another connection must not overwrite what waits.
    await other.send(new Uint8Array(250_000));
    toAsync(blocking);
    expect(ws.bufferedAmount).toBeGreaterThan(0);
    script.goOn();
    await ws.send('third');
    await ws.close();
    const { bytes, digest, frames, faults } = await script.seen();
    expect(faults).toEqual([]);
    expect(bytes).toBe(20_000_000 + 'second'.length + 'third'.length);
    const sent = createHash('sha256').update(large).update('secondthird');
    expect(digest).toBe(sent.digest('hex'));
    expect(frames.map(({ length }) => length)).toEqual([20_000_000, 6, 5, 2]);
    expect(ws.stats().bytesSent - before).toBe(20_000_014 + 12 + 11 + 8);
  });

  it('a ping that came while nothing could be sent is answered', async () => {
    const ping = send({ opcode: 9, payload: 'p' });
    const { ws, script } = await open(
      [STOP_READING, UNTIL_TOLD, ping, UNTIL_TOLD, READ_AGAIN, waitFor('pong'), sendText('over')],
      { receiveTimeout: 2000 },
    );
    const blocking = toSync(ws);
    const fill = () => {
      for (;;) blocking.send(patternBytes(100_000), { timeout: 30 });
    };
    expect(fill).toThrow(TimeoutError);
    script.goOn();
    expect(() => blocking.recv({ timeout: 100 })).toThrow(TimeoutError);
    script.goOn();
    // Meanwhile the peer reads all that the system holds, so that the system takes the rest at once.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
    toAsync(blocking);
    expect(await ws.recv()).toBe('over');
  });

  it('what a send has received in vain is received from it, and the send goes on there', async () => {
    const message = frame({ opcode: 2, payload: new Uint8Array(100_000) });
    const steps = [STOP_READING, sendBytes(message, 1000), READ_ONCE_SENT, waitFor('over')];
    const { ws, script } = await open(steps);
    const blocking = toSync(ws);
    expect(() => blocking.send(patternBytes(20_000_000))).toThrow(
      expect.objectContaining({ code: 'WS_RECEIVE_QUEUE_FULL' }),
    );
    expect(ws.stats().bytesReceived).toBeLessThan(65 * 1024 * 1024);
    toAsync(blocking);
    for (let i = 0; i < 1000; i++) expect((await ws.recv()).length).toBe(100_000);
    await ws.close();
    expect((await script.seen()).bytes).toBe(20_000_000);
  });

  it('its counts go on', async () => {
    const { ws } = await open([ECHO]);
    const before = ws.stats();
    for (let i = 0; i < 10; i++) {
      const blocking = toSync(ws);
      blocking.send('0123456789');
      if (i % 2 === 0) blocking.recv();
      expect(blocking.stats()).toEqual(ws.stats());
      toAsync(blocking);
      if (i % 2 === 1) await ws.recv();
    }
    const after = ws.stats();
    expect(after.messagesSent - before.messagesSent).toBe(10);
    expect(after.messagesReceived - before.messagesReceived).toBe(10);
    // A client's frame has a header of 6 bytes, a server's of 2.
    expect(after.bytesSent - before.bytesSent).toBe(10 * 16);
    expect(after.bytesReceived - before.bytesReceived).toBe(10 * 12);
  });
});

describe('a connection that is lent', () => {
  async function lend(...args: Parameters<typeof open>): Promise<[SyncConnection, Connection]> {
    const { ws } = await open(...args);
    return [toSync(ws), ws];
  }

  it('is the same to look at', async () => {
    const [blocking, ws] = await lend([ECHO], { protocols: ['chat'] });
    for (const name of ['url', 'protocol', 'extensions', 'headers', 'state'] as const) {
      expect(blocking[name]).toEqual(ws[name]);
    }
    expect(blocking.localAddress).toEqual(ws.localAddress);
    expect(blocking.remoteAddress).toEqual(ws.remoteAddress);
    expect(blocking.closeCode).toBeUndefined();
  });

  it('keeps its receiveTimeout, and is usable after it', async () => {
    const [blocking, ws] = await lend([ECHO], { receiveTimeout: 30 });
    const begun = performance.now();
    expect(() => blocking.recv()).toThrow(TimeoutError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
    blocking.send('still here');
    expect(blocking.recv()).toBe('still here');
    toAsync(blocking);
    await expect(ws.recv()).rejects.toThrow(TimeoutError);
  });

  it('sends much to a peer that sends much, and neither waits for the other', async () => {
    const [blocking, ws] = await lend([ECHO]);
    const large = patternBytes(10_000_000);
    for (let i = 0; i < 3; i++) blocking.send(large);
    expect(Buffer.compare(blocking.recv() as Uint8Array, large)).toBe(0);
    toAsync(blocking);
    for (let i = 0; i < 2; i++) expect((await ws.recv()).length).toBe(10_000_000);
  });

  it('answers pings within its calls', async () => {
    const [blocking] = await lend([
      send({ opcode: 9, payload: 'are you there' }),
      waitFor('pong'),
      sendText('yes'),
    ]);
    expect(blocking.recv({ timeout: 1000 })).toBe('yes');
  });

  it('is left alone by the event loop, even by a reading that was to begin later', async () => {
    const frames = Array.from({ length: 40 }, (_, i) => frame({ opcode: 1, payload: `${i}` }));
    const more = frame({ opcode: 1, payload: 'x'.repeat(10_000) });
    const { ws } = await open([sendBytes(Buffer.concat(frames)), waitFor('message'), flood(more)]);
    await until(() => ws.stats().messagesReceived === 40);
    // The last of these leaves the queue low, and the socket reads on after this turn.
    for (let i = 0; i < 36; i++) expect(await ws.recv()).toBe(`${i}`);
    const blocking = toSync(ws);
    blocking.send('go');
    await elapse(50);
    const { bytesReceived } = ws.stats();
    await elapse(50);
    expect(ws.stats().bytesReceived).toBe(bytesReceived);
    for (let i = 36; i < 40; i++) expect(blocking.recv()).toBe(`${i}`);
    for (let i = 0; i < 1000; i++) expect(blocking.recv()).toHaveLength(10_000);
    toAsync(blocking);
    for (let i = 0; i < 1000; i++) expect(await ws.recv()).toHaveLength(10_000);
  });

  it('reads a Blob, which only an event loop can', async () => {
    const [blocking] = await lend([ECHO]);
    blocking.send(new Blob(['blob']));
    expect(blocking.recv()).toEqual(new Uint8Array(Buffer.from('blob')));
  });

  it('sends a message in pieces', async () => {
    const { ws } = await open([ECHO]);
    const blocking = toSync(ws);
    const { messagesSent } = blocking.stats();
    blocking.send(['a\ud83d', '\ude00b']);
    expect(blocking.recv({ timeout: 5000 })).toBe('a😀b');
    blocking.send([Uint8Array.of(1), new Blob(['\u0002'])].values());
    expect(blocking.recv({ timeout: 5000 })).toEqual(Uint8Array.of(1, 2));
    expect(blocking.stats().messagesSent).toBe(messagesSent + 2);
    toAsync(blocking);
  });

  it('is iterated over until the peer closes', async () => {
    const { ws } = await open([waitFor('message'), sendText('1'), sendText('2'), sendClose(1000)]);
    const blocking = toSync(ws);
    blocking.send('go');
    expect([...blocking]).toEqual(['1', '2']);
    expect(ws.state).toBe('closed');
  });
});

it('lets what is sent within cork leave together, and sends before a call within that waits', async () => {
  const { ws, script } = await open([ECHO]);
  const before = (await script.seenSoFar())?.reads ?? 0;
  const blocking = toSync(ws);
  blocking.cork(() => {
    for (let i = 0; i < 50; i++) blocking.send(`${i}`);
    expect(blocking.recv({ timeout: 10_000 })).toBe('0');
    blocking.send('last');
  });
  for (let i = 1; i < 50; i++) expect(blocking.recv()).toBe(`${i}`);
  expect(blocking.recv()).toBe('last');
  await toAsync(blocking).close();
  expect((await script.seen()).reads - before).toBeLessThan(10);
});
