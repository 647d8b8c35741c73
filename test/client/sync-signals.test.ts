/**
 * Signals that come while a call blocks. The call goes on, and keeps its deadline. docs/sync.md says when a handler of
 * the program runs.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BLOCKING_IO } from '../support/blocking-io.ts';
import { Dialogue } from '../support/dialogue.ts';
import {
  ECHO,
  type Listener,
  peer,
  READ_AGAIN,
  STOP_READING,
  type Step,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

/** Runs a program over a connection `ws`, and sends it SIGUSR1 again and again while it runs. */
async function run(
  source: string,
  io: string,
  {
    steps,
    listener = 'plain',
    signals = true,
  }: { steps: readonly Step[]; listener?: Listener; signals?: boolean },
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
      env: { WIRESPEED_SYNC_IO: io },
      // The inspector that SIGUSR1 starts listens on any free port.
      flags: ['--inspect-port=0'],
      onFirstLine: (pid) => {
        if (signals) timer = setInterval(() => process.kill(Number(pid), 'SIGUSR1'), 20);
      },
      onExit: () => clearInterval(timer),
    },
  );
  return { ...outcome, lines: outcome.lines.slice(1), script };
}

describe.concurrent.each(BLOCKING_IO)(
  'SIGUSR1, on which Node.js listens for a debugger, by way of %s',
  (io) => {
    it.each(['plain', 'tls'] as const)('leaves a recv that blocks alone, %s', async (listener) => {
      const { lines } = await run('console.log(ws.recv(), ws.state);', io, {
        steps: [waitFor('message'), sleep(250), sendText('late'), waitFor('over')],
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
        io,
        { steps: [waitFor('over')] },
      );
      expect(lines).toEqual(['WS_TIMEOUT 1 open']);
    });

    it('leaves a send that blocks alone', async () => {
      const { lines, script } = await run(
        `ws.send(new Uint8Array(20_000_000).fill(7));
      ws.close();
      console.log(ws.closeCode);`,
        io,
        { steps: [waitFor('message'), STOP_READING, sleep(250), READ_AGAIN, waitFor('over')] },
      );
      expect(lines).toEqual(['1000']);
      const hash = createHash('sha256').update('go').update(Buffer.alloc(20_000_000, 7));
      expect((await script.seen()).digest).toBe(hash.digest('hex'));
    });
  },
);

describe.each(BLOCKING_IO)('Ctrl-C in a REPL, by way of %s,', (io) => {
  it('ends a recv that blocks, and leaves the connection as it was or says that it is lost', async () => {
    const repl = new Dialogue(process.execPath, ['-i'], { WIRESPEED_SYNC_IO: io });
    const { url } = peer.script('plain', { steps: [ECHO] });
    repl.say(`const ws = require('wirespeed/sync').connect('${url}')\n`);
    // A call waits in one of two ways: with a time limit and without.
    for (const options of ['', '{ timeout: 60_000 }']) {
      repl.say(`console.log('waiting'); ws.recv(${options})\n`);
      await repl.hears(/waiting/);
      // Nothing shows that the call blocks. A signal just before it would be seen only after its end.
      await setTimeout(200);
      repl.kill('SIGINT');
      await repl.hears(/interrupted by `SIGINT`/);
      repl.say(`try { ws.send('hello'); ws.recv({ timeout: 5000 }) } catch (e) { e.cause.code }\n`);
      // Nothing shows whether a read of node:fs that was cut off took something. With fs-blocking the signal always
      // comes within a read, with fs seldom.
      await repl.hears(io.startsWith('fs') ? /'hello'|'WS_CALL_CUT_OFF'/ : /'hello'/);
    }
  });
});

describe.concurrent.each(BLOCKING_IO)('the time limit of a vm script, by way of %s,', (io) => {
  const SETUP = `
    import { runInNewContext } from 'node:vm';
    const within = (timeout, call) => {
      try { return runInNewContext('call()', { call }, { timeout }); } catch (error) { return error.code; }
    };
    const caught = (call) => {
      try { return call(); } catch (error) { return error.code + ' ' + error.cause?.code; }
    };`;

  it('that ends a send in its midst fails the connection, and no other', async () => {
    const other = peer.script('plain', { steps: [ECHO] });
    const { lines } = await run(
      `${SETUP}
      const other = connect(${JSON.stringify(other.url)});
      console.log(within(200, () => ws.send(new Uint8Array(30_000_000))));
      console.log(caught(() => ws.send('more')), ws.state);
      console.log(caught(() => ws.recv()));
      ws.close();
      other.send('hello');
      console.log(other.recv());`,
      io,
      { steps: [waitFor('message'), STOP_READING], signals: false },
    );
    const lost = 'WS_CONNECTION_CLOSED WS_CALL_CUT_OFF';
    expect(lines).toEqual(['ERR_SCRIPT_EXECUTION_TIMEOUT', `${lost} closed`, lost, 'hello']);
  });

  it('loses no message unseen in a recv', async () => {
    const { lines } = await run(
      `${SETUP}
      console.log(within(100, () => ws.recv()));
      console.log(caught(() => ws.recv({ timeout: 5000 })));`,
      io,
      {
        steps: [waitFor('message'), sleep(250), sendText('late'), waitFor('over')],
        signals: false,
      },
    );
    expect(lines[0]).toBe('ERR_SCRIPT_EXECUTION_TIMEOUT');
    expect(lines[1]).toMatch(/^late$|^WS_CONNECTION_CLOSED WS_CALL_CUT_OFF$/);
  });
});
