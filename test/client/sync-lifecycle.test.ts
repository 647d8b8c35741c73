/**
 * The life of blocking connections: many one after the other, many at once, in many threads, and the end of
 * a connection or of its thread.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed/sync';
import { sample } from '../support/extent.ts';
import { ECHO, peer, RESET, sendClose, sleep } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const UNCHECKED = { tls: { rejectUnauthorized: false } };

/** Starts a thread that runs `source`, with `connect` and a URL at hand. */
function startThread(url: string, source: string): Worker {
  const program = `
    const { parentPort, workerData: url } = require('node:worker_threads');
    const { connect } = require('wirespeed/sync');
    ${source}`;
  return new Worker(program, { eval: true, workerData: url });
}

describe('connections one after the other', () => {
  // Only Linux lists the descriptors of a process in a folder.
  const run = existsSync('/proc/self/fd') ? it : it.skip;

  for (const [listener, count] of [
    ['plain', sample(3000, 1000)],
    ['tls', sample(500, 200)],
  ] as const) {
    run(
      `leave no descriptor and no memory behind: ${count}, ${listener}`,
      async () => {
        const url = `${peer.origin(listener)}/`;
        const { lines, stderr } = await runProgram(
          `
        import { readdirSync } from 'node:fs';
        import { connect } from 'wirespeed/sync';
        const one = (i) => {
          const ws = connect(${JSON.stringify(url)});
          ws.send('x');
          if (ws.recv({ timeout: 5000 }) !== 'x') throw new Error('no echo');
          if (i % 2 === 0) ws.close(); else ws.terminate();
        };
        const settle = async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          for (let i = 0; i < 3; i++) gc();
          await new Promise((resolve) => setTimeout(resolve, 50));
          gc();
        };
        const measure = () => ({ fds: readdirSync('/proc/self/fd').length, heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss() });
        for (let i = 0; i < ${count} / 10; i++) one(i);
        await settle();
        const before = measure();
        for (let i = 0; i < ${count}; i++) one(i);
        await settle();
        const after = measure();
        console.log(after.fds - before.fds, after.heap - before.heap, after.rss - before.rss);`,
          { flags: ['--expose-gc'], limit: 50_000 },
        );
        expect(stderr).toBe('');
        const [fds, heap, rss] = (lines[0] as string).split(' ').map(Number) as [
          number,
          number,
          number,
        ];
        expect(fds).toBeLessThanOrEqual(2);
        // Bytes per connection. A connection that stayed in memory would hold many kilobytes.
        expect(heap / count).toBeLessThan(1500);
        expect(rss).toBeLessThan(100_000_000);
      },
      60_000,
    );
  }
});

describe('the memory that a relayed connection shares with its worker', () => {
  it.each(['plain', 'tls'] as const)(
    'serves the next one, without a collection of garbage: %s',
    async (listener) => {
      const { lines, stderr } = await runProgram(
        `
        import { connect } from 'wirespeed/sync';
        const held = [];
        const one = (i) => {
          const ws = connect(${JSON.stringify(`${peer.origin(listener)}/`)});
          ws.send('message ' + i);
          if (ws.recv({ timeout: 5000 }) !== 'message ' + i) throw new Error('no echo');
          return ws;
        };
        const end = (ws, i) => i % 2 === 0 ? ws.close() : ws.terminate();
        for (let i = 0; i < 100; i++) {
          if (i % 10 === 0) held.push(one(i));
          end(one(i), i);
        }
        // Connections that stay open have rings of their own.
        held.forEach((ws, i) => {
          ws.send('held ' + i);
          if (ws.recv({ timeout: 5000 }) !== 'held ' + i) throw new Error('mixed up');
        });
        held.forEach(end);
        console.log(process.memoryUsage().arrayBuffers);`,
        { env: { WIRESPEED_SYNC_IO: 'worker' }, limit: 30_000 },
      );
      expect(stderr).toBe('');
      // Of 110 connections, 10 were open at once. If rings were not used again, all would take 14 MB.
      expect(Number(lines[0])).toBeLessThan(7_000_000);
    },
    40_000,
  );
});

describe('a thread whose event loop never turns', () => {
  for (const listener of ['plain', 'tls'] as const) {
    it(`keeps nothing of connections that are over, ${listener}`, async () => {
      const url = `${peer.origin(listener)}/`;
      const { lines, stderr } = await runProgram(
        `
        import { connect } from 'wirespeed/sync';
        const count = ${sample(200, 100)};
        const heapAfter = () => {
          for (let i = 0; i < count; i++) {
            const ws = connect(${JSON.stringify(url)});
            ws.send('x');
            ws.recv({ timeout: 5000 });
            if (i % 2 === 0) ws.close(); else ws.terminate();
          }
          gc();
          return process.memoryUsage().heapUsed;
        };
        heapAfter();
        const before = heapAfter();
        console.log((heapAfter() - before) / count);`,
        { flags: ['--expose-gc'], limit: 50_000 },
      );
      expect(stderr).toBe('');
      // Bytes per connection. Work that waited for a turn would hold some twenty thousand.
      expect(Number(lines[0])).toBeLessThan(4000);
    }, 60_000);
  }
});

describe('connections at once', () => {
  it('200 are open at the same time, each with its own messages', () => {
    const url = `${peer.origin('plain')}/`;
    const all = Array.from({ length: 200 }, () => connect(url));
    try {
      for (const [i, ws] of all.entries()) ws.send(`message ${i}`);
      for (const [i, ws] of all.entries()) {
        expect(ws.recv({ timeout: 5000 })).toBe(`message ${i}`);
      }
    } finally {
      for (const ws of all) ws.terminate();
    }
  });

  it('four threads block at the same time, each on its own connections', async () => {
    const url = `${peer.origin('plain')}/`;
    const threads = Array.from({ length: 4 }, () =>
      startThread(
        url,
        `let count = 0;
        for (let i = 0; i < 20; i++) {
          const ws = connect(url);
          for (let j = 0; j < 20; j++) {
            ws.send(i + ':' + j);
            if (ws.recv({ timeout: 5000 }) === i + ':' + j) count++;
          }
          ws.close();
        }
        parentPort.postMessage(count);`,
      ),
    );
    const counts = await Promise.all(
      threads.map(async (thread) => (await once(thread, 'message'))[0]),
    );
    expect(counts).toEqual([400, 400, 400, 400]);
    await Promise.all(threads.map((thread) => thread.terminate()));
  });
});

describe('a blocked recv', () => {
  for (const listener of ['plain', 'tls'] as const) {
    it(`is woken by a close, an end and a reset that come from another thread, ${listener}`, () => {
      for (const [steps, code] of [
        [[sleep(20), sendClose(1001)], 1001],
        [[sleep(20), RESET], 1006],
        [[sleep(20), { end: true }], 1006],
      ] as const) {
        const ws = connect(peer.script(listener, { steps }).url, UNCHECKED);
        const begun = performance.now();
        expect(() => ws.recv()).toThrow(expect.objectContaining({ code: 'WS_CONNECTION_CLOSED' }));
        expect(performance.now() - begun).toBeLessThan(3000);
        expect(ws.closeCode).toBe(code);
      }
    });
  }

  it('does not keep its thread from being terminated, with no time limit either', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const thread = startThread(
      url,
      `const ws = connect(url); parentPort.postMessage('open'); ws.recv();`,
    );
    await once(thread, 'message');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = performance.now();
    await thread.terminate();
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it('does not keep the process from ending while it blocks another thread', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const { code, lines, lingered } = await runProgram(`
      import { Worker } from 'node:worker_threads';
      const source = \`
        const { parentPort, workerData } = require('node:worker_threads');
        const ws = require('wirespeed/sync').connect(workerData);
        parentPort.postMessage('open');
        ws.recv();\`;
      const thread = new Worker(source, { eval: true, execArgv: [], workerData: ${JSON.stringify(url)} });
      thread.once('message', (message) => {
        console.log(message);
        setTimeout(() => process.exit(3), 50);
      });`);
    expect(lines).toEqual(['open']);
    expect(code).toBe(3);
    expect(lingered).toBeLessThan(2000);
  });
});

describe('Ctrl-C', () => {
  /** Runs a program until it prints `open`, interrupts it, and returns how it ended and what it printed. */
  async function interrupt(
    source: string,
  ): Promise<{ signal: string | null; code: number | null; output: string; took: number }> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = performance.now();
    child.kill('SIGINT');
    const [code, signal] = await once(child, 'close');
    return { code, signal, output, took: performance.now() - begun };
  }

  const program = (rest: string) => `
    import { connect } from 'wirespeed/sync';
    import { writeSync } from 'node:fs';
    const ws = connect(${JSON.stringify(peer.script('plain', { steps: [ECHO] }).url)});
    ${rest}`;

  it('ends the process at once, however it blocks', async () => {
    for (const call of ['ws.recv()', 'ws.recv({ timeout: 20000 })']) {
      const ended = await interrupt(program(`writeSync(1, 'open'); ${call};`));
      expect(ended).toMatchObject({ signal: 'SIGINT' });
      expect(ended.took).toBeLessThan(2000);
    }
  });

  it('reaches a handler when the call has returned', async () => {
    const { code, output, took } = await interrupt(
      program(`
        process.on('SIGINT', () => { writeSync(1, ' handled'); process.exit(0); });
        setTimeout(() => {}, 5000);
        await new Promise((resolve) => setImmediate(resolve));
        writeSync(1, 'open');
        try { ws.recv({ timeout: 500 }); } catch { writeSync(1, ' returned'); }`),
    );
    expect(output).toBe('open returned handled');
    expect(code).toBe(0);
    expect(took).toBeGreaterThan(300);
  });
});
