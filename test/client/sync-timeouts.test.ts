/**
 * Time limits of the sync client: they are exact, and what they interrupt goes on later.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type ConnectOptions, connect, type SyncConnection } from 'wirespeed/sync';
import { frame } from '../support/frames.ts';
import {
  ECHO,
  type Listener,
  peer,
  READ_AGAIN,
  type Scripted,
  STOP_READING,
  type Step,
  sendBytes,
  sendClose,
  sendText,
  sleep,
  UNTIL_TOLD,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { runProgram } from '../support/run-program.ts';
import { connectTo } from './sync-connection.ts';

const UNCHECKED = { tls: { rejectUnauthorized: false } };

/** Runs a call that has to time out; returns by how many ms it was late. */
function overrun(operation: string, timeout: number, call: () => unknown): number {
  const begun = performance.now();
  expect(call).toThrow(expect.objectContaining({ code: 'WS_TIMEOUT', operation, timeout }));
  return performance.now() - begun - timeout;
}

/** Checks that no try was early, and that the best was at most `max` ms late: the machine may be busy. */
function expectExact(overruns: readonly number[], max = 50): void {
  expect(Math.min(...overruns)).toBeGreaterThanOrEqual(-0.5);
  expect(Math.min(...overruns)).toBeLessThan(max);
}

for (const listener of ['plain', 'tls'] satisfies Listener[]) {
  describe(`time limits, ${listener}`, () => {
    function open(
      steps: readonly Step[],
      options?: ConnectOptions,
    ): { ws: SyncConnection; script: Scripted } {
      const script = peer.script(listener, { steps });
      const ws = connectTo(script, options);
      return { ws, script };
    }

    it('recv can be called again after one that timed out, and receives what came meanwhile', () => {
      const { ws } = open([waitFor('message'), sendText('late'), ECHO]);
      overrun('recv', 20, () => ws.recv({ timeout: 20 }));
      ws.send('now');
      expect(ws.recv({ timeout: 5000 })).toBe('late');
      ws.send('after');
      expect(ws.recv()).toBe('after');
    });

    it('recv may time out again and again in the middle of one message', () => {
      const message = frame({ opcode: 1, payload: 'a message in four pieces' });
      const steps = [0, 7, 14, 21].flatMap((from) => [
        sendBytes(message.subarray(from, from === 21 ? undefined : from + 7)),
        sleep(40),
      ]);
      const { ws } = open([ECHO, ...steps]);
      let timeouts = 0;
      let received: unknown;
      while (received === undefined) {
        try {
          received = ws.recv({ timeout: 10 });
        } catch (error) {
          expect(error).toMatchObject({ code: 'WS_TIMEOUT' });
          timeouts++;
        }
      }
      expect(received).toBe('a message in four pieces');
      expect(timeouts).toBeGreaterThan(3);
      ws.send('after');
      expect(ws.recv()).toBe('after');
    });

    it('receiveTimeout counts for every recv that has none of its own', () => {
      const { ws } = open([ECHO], { receiveTimeout: 25 });
      expectExact([1, 2, 3].map(() => overrun('recv', 25, () => ws.recv())));
      expectExact([1, 2, 3].map(() => overrun('recv', 5, () => ws.recv({ timeout: 5 }))));
    });

    it('ping gives up in time, and the connection goes on', () => {
      const script = peer.script(listener, { steps: [ECHO], ignoresPings: true });
      const ws = connectTo(script);
      expectExact([1, 2, 3].map(() => overrun('ping', 25, () => ws.ping('?', { timeout: 25 }))));
      ws.send('after');
      expect(ws.recv()).toBe('after');
    });

    it('send gives up on a peer that does not read, and what it had to send still leaves', async () => {
      const { ws, script } = open([STOP_READING, UNTIL_TOLD, READ_AGAIN, waitFor('over')]);
      const hash = createHash('sha256');
      const large = patternBytes(20_000_000);
      hash.update(large);
      expectExact([overrun('send', 100, () => ws.send(large, { timeout: 100 }))], 1000);
      expect(ws.bufferedAmount).toBeGreaterThan(1_000_000);
      const small = patternBytes(1000);
      hash.update(small);
      expectExact([overrun('send', 30, () => ws.send(small, { timeout: 30 }))], 500);
      small.fill(0);
      large.fill(0);
      script.goOn();
      // A call that waits for an answer sends what is left of the message.
      for (let tries = 0; tries < 500 && ws.bufferedAmount > 0; tries++) {
        overrun('recv', 20, () => ws.recv({ timeout: 20 }));
      }
      expect(ws.bufferedAmount).toBe(0);
      ws.send('last');
      hash.update('last');
      ws.close();
      const seen = await script.seen();
      expect(seen.digest).toBe(hash.digest('hex'));
      expect(ws.closeCode).toBe(1000);
    });

    it('a message that comes while a late one waits is received at once', () => {
      const { ws, script } = open([STOP_READING, UNTIL_TOLD, sendText('hello'), waitFor('over')]);
      overrun('send', 50, () => ws.send(new Uint8Array(20_000_000), { timeout: 50 }));
      script.goOn();
      const begun = performance.now();
      expect(ws.recv({ timeout: 5000 })).toBe('hello');
      expect(performance.now() - begun).toBeLessThan(1500);
    });

    it('close gives up after closeTimeout where the peer does not answer', () => {
      const overruns = [1, 2, 3].map(() => {
        const script = peer.script(listener, { ignoresClose: true });
        const ws = connect(script.url, { ...UNCHECKED, closeTimeout: 60 });
        const begun = performance.now();
        ws.close();
        expect(ws.state).toBe('closed');
        return performance.now() - begun - 60;
      });
      expectExact(overruns);
    });

    it('close gives up after closeTimeout where the peer does not even read', () => {
      const { ws } = open([STOP_READING], { closeTimeout: 80 });
      overrun('send', 30, () => ws.send(new Uint8Array(20_000_000), { timeout: 30 }));
      const begun = performance.now();
      ws.close();
      expect(ws.state).toBe('closed');
      expectExact([performance.now() - begun - 80], 100);
    });

    it('send without a limit ends with the connection, which the peer closes without reading', () => {
      const bad = frame({ opcode: 3 });
      for (const [step, cause] of [
        [sendClose(1001), undefined],
        [sendBytes(bad), expect.objectContaining({ code: 'WS_REMOTE_PROTOCOL' })],
      ] as const) {
        const { ws } = open([STOP_READING, sleep(50), step], { closeTimeout: 100 });
        const begun = performance.now();
        let error: Error | undefined;
        try {
          ws.send(new Uint8Array(20_000_000));
        } catch (caught) {
          error = caught as Error;
        }
        expect(error).toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
        expect(error?.cause).toEqual(cause);
        ws.close();
        expect(performance.now() - begun).toBeLessThan(2000);
      }
    });

    it('connect gives up in time where the server does not answer the upgrade', () => {
      const overruns = [1, 2, 3].map(() => {
        const { url } = peer.script(listener, { opening: { isMute: true } });
        return overrun('connect', 80, () => connect(url, { ...UNCHECKED, connectTimeout: 80 }));
      });
      expectExact(overruns, 15);
    });
  });
}

describe('time limits', () => {
  it('one limit covers TCP and the TLS handshake, which the server never begins', async () => {
    // The server listens in a thread of its own, and never answers.
    const source = `
      const server = require('node:net').createServer((socket) => socket.resume());
      server.listen(0, '127.0.0.1', () => {
        require('node:worker_threads').parentPort.postMessage(server.address().port);
      });`;
    const worker = new Worker(source, { eval: true });
    try {
      const port = await new Promise((resolve) => worker.once('message', resolve));
      const url = `wss://127.0.0.1:${port}/`;
      const overruns = [1, 2, 3].map(() =>
        overrun('connect', 40, () => connect(url, { connectTimeout: 40 })),
      );
      expectExact(overruns);
    } finally {
      await worker.terminate();
    }
  });

  it('connect gives up in time where nobody accepts', async () => {
    // A server on this thread accepts nobody while the thread blocks, and its backlog is short.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1, resolve));
    try {
      const { port } = server.address() as { port: number };
      const url = `ws://127.0.0.1:${port}/`;
      expectExact(
        [1, 2, 3].map(() => overrun('connect', 40, () => connect(url, { connectTimeout: 40 }))),
      );
    } finally {
      server.close();
    }
  });

  it('a send within its limit says nothing', () => {
    const ws = connectTo(peer.script('plain', { steps: [ECHO] }));
    ws.send('in time', { timeout: 1000 });
    expect(ws.recv()).toBe('in time');
    // Where the worker keeps the socket, it may report late what it has sent.
    expect(ws.bufferedAmount).toBe(0);
  });

  it('send refuses a limit that is none, and sends nothing', () => {
    const ws = connectTo(peer.script('plain', { steps: [ECHO] }));
    expect(() => ws.send('x', { timeout: -1 })).toThrow(RangeError);
    expect(() => ws.send('x', { timeout: 'soon' as never })).toThrow(TypeError);
    expect(() => ws.send('x', { signal: AbortSignal.abort(new Error('stopped')) })).toThrow(
      'stopped',
    );
    ws.send('y');
    expect(ws.recv()).toBe('y');
  });

  it('a loss that is found after the time limit of a send is told as a loss, over TLS', async () => {
    const { url } = peer.script('tls', { steps: [ECHO] });
    const { lines, stderr } = await runProgram(
      `import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { writeSync } = fs;
      const results = [];
      fs.writeSync = (...args) => {
        if (results.length === 0) return writeSync(...args);
        // The sleep is longer than the time limit, so that nothing is tried again within the limit.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        const code = results.shift();
        throw Object.assign(new Error(code), { code });
      };
      syncBuiltinESMExports();
      const { connect } = await import('wirespeed/sync');
      const ws = connect(${JSON.stringify(url)});
      results.push('EAGAIN', 'EPIPE');
      let error;
      try { ws.send('late', { timeout: 20 }); } catch (caught) { error = caught; }
      console.log(error.code, error.cause.code, error.cause.cause.code, ws.state, results.length);`,
      { env: { WIRESPEED_SYNC_IO: 'fs' } },
    );
    expect(stderr).toBe('');
    expect(lines).toEqual(['WS_CONNECTION_CLOSED WS_TRANSPORT EPIPE closed 0']);
  });
});
