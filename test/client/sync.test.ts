/**
 * What only the sync client does. What it shares with the other clients is tested in test/contract.
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { connect as connectAsync } from 'wirespeed';
import { type ConnectOptions, connect, type SyncConnection } from 'wirespeed/sync';
import {
  closeCodeIn,
  ECHO,
  peer,
  READ_AGAIN,
  type Scripted,
  STOP_READING,
  type Step,
  send,
  sendClose,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { connectTo } from './sync-connection.ts';

function open(
  steps: readonly Step[],
  options?: ConnectOptions,
): { ws: SyncConnection; script: Scripted } {
  const script = peer.script('plain', { steps });
  const ws = connectTo(script, options);
  return { ws, script };
}

describe('blocking', () => {
  it('connects, sends and receives within one turn of the event loop', async () => {
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    try {
      const { ws } = open([ECHO]);
      for (let i = 0; i < 50; i++) {
        ws.send(`message ${i}`);
        expect(ws.recv()).toBe(`message ${i}`);
      }
      ws.ping();
      ws.close();
      expect(turns).toBe(0);
    } finally {
      clearInterval(count);
    }
  });

  it('recv sleeps while it waits, and does not spin', () => {
    const { ws } = open([sleep(300), sendText('late')]);
    const before = process.cpuUsage();
    expect(ws.recv()).toBe('late');
    const { user, system } = process.cpuUsage(before);
    // In microseconds. The thread of the peer counts as well.
    expect(user + system).toBeLessThan(200_000);
  });

  it('for…of gives every message and ends with the connection', () => {
    const { ws } = open([
      sendText('one'),
      sendText('two'),
      sleep(20),
      sendText('three'),
      sendClose(1000),
    ]);
    const messages: unknown[] = [];
    for (const message of ws) messages.push(message);
    expect(messages).toEqual(['one', 'two', 'three']);
    expect(ws.closeCode).toBe(1000);
  });

  it('leaving the loop leaves the connection open', () => {
    const { ws } = open([sendText('one'), sendText('two'), ECHO]);
    for (const message of ws) {
      expect(message).toBe('one');
      break;
    }
    expect(ws.recv()).toBe('two');
    ws.send('three');
    expect(ws.recv()).toBe('three');
  });

  it('works in a worker thread as on the main thread', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      import('wirespeed/sync').then(({ connect }) => {
        const ws = connect(workerData);
        ws.send('from a thread');
        parentPort.postMessage(ws.recv());
        ws.close();
      });`;
    const worker = new Worker(source, { eval: true, workerData: url });
    const [message, code] = await new Promise<[unknown, number]>((resolve, reject) => {
      let received: unknown;
      worker.on('message', (value) => {
        received = value;
      });
      worker.on('error', reject);
      worker.on('exit', (exitCode) => resolve([received, exitCode]));
    });
    expect(message).toBe('from a thread');
    expect(code).toBe(0);
  });

  it('two connections at once do not disturb each other', () => {
    const { ws: first } = open([ECHO]);
    const { ws: second } = open([ECHO]);
    first.send('one');
    second.send('two');
    second.send('three');
    expect(second.recv()).toBe('two');
    expect(first.recv()).toBe('one');
    second.close();
    first.send('four');
    expect(first.recv()).toBe('four');
    expect(() => second.send('x')).toThrow(
      expect.objectContaining({ code: 'WS_CONNECTION_CLOSED' }),
    );
  });

  it('many connections one after the other leave nothing behind', () => {
    for (let i = 0; i < 100; i++) {
      const ws = connect(`${peer.origin('plain')}/`);
      ws.send(`${i}`);
      expect(ws.recv()).toBe(`${i}`);
      if (i % 2 === 0) ws.close();
      else ws.terminate();
    }
  });

  it('works beside connections of the async client, however many and busy they are', async () => {
    const others = await Promise.all(
      Array.from({ length: 40 }, () => connectAsync(`${peer.origin('plain')}/`)),
    );
    await Promise.all(others.map((other) => other.send(new Uint8Array(500_000))));
    const { ws } = open([ECHO]);
    ws.send('between');
    expect(ws.recv()).toBe('between');
    for (const other of others) {
      const message = (await other.recv()) as Uint8Array;
      expect(message).toHaveLength(500_000);
      expect(message.every((byte) => byte === 0)).toBe(true);
      other.terminate();
    }
  });

  it('large messages in both directions at once do not block each other', () => {
    const { ws } = open([ECHO]);
    const chunk = new Uint8Array(2 * 2 ** 20).fill(5);
    for (let i = 0; i < 8; i++) ws.send(chunk);
    for (let i = 0; i < 8; i++) expect(ws.recv()).toHaveLength(chunk.length);
  });

  it('send waits for a peer that does not read, and every byte arrives in its place', async () => {
    const { ws, script } = open([STOP_READING, sleep(100), READ_AGAIN]);
    const hash = createHash('sha256');
    for (let i = 0; i < 400; i++) {
      const chunk = patternBytes((i * 7919) % 100_000);
      hash.update(chunk);
      ws.send(chunk);
      chunk.fill(0);
    }
    ws.close(1000);
    expect((await script.seen()).digest).toBe(hash.digest('hex'));
  });
});

describe('timeouts', () => {
  for (const timeout of [1, 5, 20, 100]) {
    it(`recv gives up after ${timeout} ms, never before and hardly after`, () => {
      const { ws } = open([ECHO]);
      const overruns: number[] = [];
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        expect(() => ws.recv({ timeout })).toThrow(
          expect.objectContaining({ code: 'WS_TIMEOUT', operation: 'recv', timeout }),
        );
        overruns.push(performance.now() - start - timeout);
      }
      expect(Math.min(...overruns)).toBeGreaterThanOrEqual(-0.5);
      // On a busy machine some of them may be late, but not all.
      expect(Math.min(...overruns)).toBeLessThan(10);
      ws.send('after');
      expect(ws.recv({ timeout: 5000 })).toBe('after');
    });
  }

  it('recv takes fractions of a millisecond', () => {
    const { ws } = open([ECHO]);
    const start = performance.now();
    expect(() => ws.recv({ timeout: 0.5 })).toThrow(expect.objectContaining({ timeout: 0.5 }));
    expect(performance.now() - start).toBeLessThan(200);
  });

  it('answers pings that came between two calls at the start of the next one', async () => {
    const { ws, script } = open([
      send({ opcode: 9, payload: 'a' }),
      send({ opcode: 9, payload: 'b' }),
      waitFor('pong'),
      sendText('answered'),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(ws.recv({ timeout: 5000 })).toBe('answered');
    ws.close();
    expect((await script.seen()).frames.some(({ opcode }) => opcode === 10)).toBe(true);
  });
});

describe('closing', () => {
  it('using closes the connection at the end of its scope', async () => {
    const { ws, script } = open([ECHO]);
    ws[Symbol.dispose]();
    expect(ws.state).toBe('closed');
    expect(closeCodeIn(await script.seen())).toBe(1000);
    ws[Symbol.dispose]();
  });

  it('a message that waits can be received after close', () => {
    const { ws } = open([sendText('one'), waitFor('message'), sendText('two'), waitFor('over')]);
    expect(ws.recv()).toBe('one');
    ws.send('go');
    ws.ping();
    ws.close(1000);
    expect(ws.recv()).toBe('two');
    expect(() => ws.recv()).toThrow(expect.objectContaining({ code: 'WS_CONNECTION_CLOSED' }));
  });
});
