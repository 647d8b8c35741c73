/**
 * The worker thread of the sync client: how it is started, and what becomes of connections if it does not
 * start, ends, or falls silent.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ECHO, peer } from '../support/peer/index.ts';
import { type Outcome, runProgram } from '../support/run-program.ts';

/** A program that records the workers that the sync client starts, and gives the first few another program to run. */
function keepingWorkers(...programs: readonly string[]): string {
  const url = JSON.stringify(peer.script('plain', { steps: [ECHO] }).url);
  return `
    import workers from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    const URL = ${url};
    const started = [];
    const programs = ${JSON.stringify(programs)};
    workers.Worker = class extends workers.Worker {
      constructor(program, options) {
        super(programs[started.length] ?? program, options);
        started.push(this);
      }
    };
    syncBuiltinESMExports();
    const { connect, TransportError } = await import('wirespeed/sync');
    function tryTo(act) {
      const begun = performance.now();
      try {
        console.log(act());
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
      return performance.now() - begun;
    }
    function exchange(ws, text) {
      ws.send(text);
      return ws.recv({ timeout: 5000 });
    }`;
}

async function run(source: string): Promise<Outcome> {
  const outcome = await runProgram(source, { limit: 25_000 });
  expect(outcome.stderr).toBe('');
  return outcome;
}

describe('the worker of the sync client', () => {
  it('has neither the preloads nor the environment of the process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wirespeed-preload-'));
    try {
      const preload = join(folder, 'preload.cjs');
      writeFileSync(preload, "console.log('loaded in', require('node:worker_threads').threadId);");
      const { url } = peer.script('plain', { steps: [ECHO] });
      const { lines } = await runProgram(
        `import { connect } from 'wirespeed/sync';
        connect('${url}').close();
        console.log('done');`,
        { env: { NODE_OPTIONS: `--require ${preload}` } },
      );
      expect(lines).toEqual(['loaded in 0', 'done']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.concurrent('is given up with one clear error if it does not start, and started anew', async () => {
    const { lines } = await run(`${keepingWorkers('setInterval(() => {}, 1000)')}
      const elapsed = tryTo(() => connect(URL, { connectTimeout: 0 }));
      console.log(elapsed > 4000 && elapsed < 9000);
      tryTo(() => exchange(connect(URL), 'hello'));
      console.log(started.length);
      process.exit();`);
    expect(lines).toEqual([
      expect.stringMatching(
        /^WebSocketError WS_SYNC_UNSUPPORTED .*the worker thread that opens sockets did not start within 5 s/,
      ),
      'true',
      'hello',
      '2',
    ]);
  });

  it.concurrent('is replaced at the next connect if it has failed', async () => {
    const { lines } = await run(`${keepingWorkers("throw new Error('no memory')")}
      tryTo(() => connect(URL, { connectTimeout: 100 }));
      started[0].ref();
      await new Promise((resolve) => started[0].once('exit', resolve));
      tryTo(() => exchange(connect(URL), 'hello'));
      console.log(started.length);
      process.exit();`);
    expect(lines).toEqual([
      expect.stringMatching(/^TimeoutError WS_TIMEOUT .*no connection within 100 ms/),
      'hello',
      '2',
    ]);
  });

  it.concurrent('is replaced at the next connect if it has ended, and its connections have failed', async () => {
    const { lines } = await run(`${keepingWorkers()}
      const first = connect(URL);
      tryTo(() => exchange(first, 'one'));
      await started[0].terminate();
      const second = connect(URL);
      console.log(first.state, first.closeCode, first.bufferedAmount);
      tryTo(() => first.recv());
      tryTo(() => first.send('lost'));
      tryTo(() => exchange(second, 'two'));
      // Neither close may touch the socket of the other, even if both have the same descriptor.
      first.close();
      tryTo(() => exchange(second, 'three'));
      second.close();
      console.log(second.closeCode, started.length);`);
    const closed = expect.stringMatching(/^ConnectionClosedError WS_CONNECTION_CLOSED/);
    expect(lines).toEqual(['one', 'closed 1006 0', closed, closed, 'two', 'three', '1000 2']);
  });

  it.concurrent('is asked whether it lives, and given up if it does not answer', async () => {
    const silent = `
      const { workerData: { signal } } = require('node:worker_threads');
      setInterval(() => {}, 1000);
      Atomics.add(signal, 0, 1);`;
    const { lines } = await run(`${keepingWorkers(silent)}
      const elapsed = tryTo(() => connect(URL, { connectTimeout: 0 }));
      console.log(elapsed > 4000 && elapsed < 9000);
      tryTo(() => exchange(connect(URL), 'hello'));
      process.exit();`);
    expect(lines).toEqual([
      expect.stringMatching(/^ConnectError WS_CONNECT_FAILED .*has not answered for 5 s/),
      'true',
      'hello',
    ]);
  });

  it.concurrent('may take its time, as long as it answers', async () => {
    const { lines } = await run(`${keepingWorkers(
      // It never reports what became of the connection.
      `const { workerData: { port, signal } } = require('node:worker_threads');
      port.on('message', ({ kind }) => kind === 'ping' && Atomics.add(signal, 0, 1) && Atomics.notify(signal, 0));
      Atomics.add(signal, 0, 1);`,
    )}
      tryTo(() => connect(URL, { connectTimeout: 5500 }));
      process.exit();`);
    expect(lines).toEqual([expect.stringMatching(/^TimeoutError .*no connection within 5500 ms/)]);
  });
});
