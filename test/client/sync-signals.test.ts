/**
 * Signals that come while a call blocks: the call goes on, with its deadline. What a handler of the program's does,
 * and when, is told in docs/sync.md.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Listener,
  Peer,
  READ_AGAIN,
  STOP_READING,
  type Step,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

const RUNGS = ['wasi', 'fs-blocking', 'fs', 'worker'] as const;

let peer: Peer;
beforeAll(async () => {
  peer = await Peer.start();
});
afterAll(() => peer.stop());

/** Runs a program over a connection `ws`, and sends it the signal again and again while it runs. */
async function run(
  source: string,
  rung: string,
  { steps, listener = 'plain' }: { steps: readonly Step[]; listener?: Listener },
) {
  const script = peer.script(listener, { steps });
  let timer: NodeJS.Timeout | undefined;
  const outcome = await runProgram(
    `import { connect } from 'wirespeed/sync';
    const ws = connect(${JSON.stringify(script.url)});
    ws.send('go');
    console.log(process.pid);
    ${source}`,
    {
      env: { WIRESPEED_SYNC_RUNG: rung },
      // The inspector that SIGUSR1 starts listens at any port.
      flags: ['--inspect-port=0'],
      onFirstLine: (pid) => {
        timer = setInterval(() => process.kill(Number(pid), 'SIGUSR1'), 20);
      },
      onExit: () => clearInterval(timer),
    },
  );
  return { ...outcome, lines: outcome.lines.slice(1), script };
}

describe.each(RUNGS)('SIGUSR1, on which Node.js listens for a debugger, by way of %s', (rung) => {
  it.each(['plain', 'tls'] as const)('leaves a recv that blocks alone, %s', async (listener) => {
    const { lines } = await run('console.log(ws.recv(), ws.state);', rung, {
      steps: [waitFor('message'), sleep(500), sendText('late'), waitFor('over')],
      listener,
    });
    expect(lines).toEqual(['late open']);
  });

  it('leaves the deadline of a recv alone', async () => {
    const { lines } = await run(
      `const begun = performance.now();
      try {
        ws.recv({ timeout: 300 });
      } catch (error) {
        console.log(error.code, Math.floor((performance.now() - begun) / 300), ws.state);
      }`,
      rung,
      { steps: [waitFor('over')] },
    );
    expect(lines).toEqual(['WS_TIMEOUT 1 open']);
  });

  it('leaves a send that blocks alone', async () => {
    const { lines, script } = await run(
      `ws.send(new Uint8Array(20_000_000).fill(7));
      ws.close();
      console.log(ws.closeCode);`,
      rung,
      { steps: [waitFor('message'), STOP_READING, sleep(500), READ_AGAIN, waitFor('over')] },
    );
    expect(lines).toEqual(['1000']);
    const hash = createHash('sha256').update('go').update(Buffer.alloc(20_000_000, 7));
    expect((await script.seen()).digest).toBe(hash.digest('hex'));
  });
});
