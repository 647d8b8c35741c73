/**
 * Ctrl-C in a terminal, and handlers of signals. `script` of util-linux gives a program a terminal. Where it is
 * missing, the first tests below and test/client/sync-signals.test.ts send the same signals without one.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Dialogue } from '../support/dialogue.ts';
import { ECHO, peer } from '../support/peer/index.ts';

const CTRL_C = '\x03';
/** Only the `script` of util-linux has these options. */
const hasTerminal =
  spawnSync('script', ['-qec', 'exit 7', '/dev/null'], { stdio: 'ignore' }).status === 7;
if (!hasTerminal) {
  console.warn('not tested: Ctrl-C in a terminal, which takes `script` of util-linux');
}

/** A program over a connection `ws`. */
function source(rest: string): string {
  const { url } = peer.script('plain', { steps: [ECHO] });
  return `import { connect } from 'wirespeed/sync';
    import { setImmediate } from 'node:timers/promises';
    const ws = connect(${JSON.stringify(url)});
    ${rest}`;
}

const args = (rest: string): string[] => ['--input-type=module', '--eval', source(rest)];
const inTerminal = (rest: string): Dialogue =>
  new Dialogue('script', [
    '-qec',
    `exec '${process.execPath}' ${args(`${rest}`).map(quoted).join(' ')}`,
    '/dev/null',
  ]);

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** A loop of waits that ends when a handler of SIGINT has run; `between` may let it run between two waits. */
const loop = (between: string): string => `
  let isAsked = false;
  process.on('SIGINT', () => { isAsked = true; });
  console.log('rea' + 'dy');
  let waits = 0;
  while (!isAsked && waits < 10) {
    try { ws.recv({ timeout: 50 }); } catch {}
    waits++;
    ${between}
  }
  console.log(isAsked ? 'asked' : 'never asked');
  ws.close();`;

describe('a handler of a signal', () => {
  it('does not run while blocking calls follow one another, though they have time limits', async () => {
    const program = new Dialogue(process.execPath, args(loop('')));
    await program.hears(/ready/);
    program.kill('SIGINT');
    expect(await program.ends()).toMatch(/never asked/);
  });

  it('runs where the program lets the event loop turn between two calls', async () => {
    const program = new Dialogue(process.execPath, args(loop('await setImmediate();')));
    await program.hears(/ready/);
    program.kill('SIGINT');
    expect(await program.ends()).toMatch(/ready\nasked/);
  });
});

describe.runIf(hasTerminal)('Ctrl-C in a terminal (with `script` of util-linux)', () => {
  it('ends a program without a handler at once, however it blocks', async () => {
    const program = inTerminal(`console.log('rea' + 'dy'); ws.recv(); console.log('not reached');`);
    await program.hears(/ready/);
    program.say(CTRL_C);
    expect(await program.ends()).not.toMatch(/not reached/);
  });

  it('has a handler run where the program lets the event loop turn, and not before', async () => {
    const asked = inTerminal(loop('await setImmediate();'));
    await asked.hears(/ready/);
    asked.say(CTRL_C);
    expect(await asked.ends()).toMatch(/^(?!.*never).*asked/m);
    const never = inTerminal(loop(''));
    await never.hears(/ready/);
    never.say(CTRL_C);
    expect(await never.ends()).toMatch(/never asked/);
  });

  it('ends a recv in the REPL, and the connection goes on', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const repl = new Dialogue('script', ['-qec', `exec '${process.execPath}'`, '/dev/null']);
    await repl.hears(/> /);
    repl.say(`const ws = require('wirespeed/sync').connect('${url}')\r`);
    await repl.hears(/undefined/);
    repl.say(`console.log('wai' + 'ting'), ws.recv()\r`);
    await repl.hears(/waiting/);
    // Nothing shows that the call blocks. A signal just before it would be seen only after its end.
    await setTimeout(200);
    repl.say(CTRL_C);
    await repl.hears(/interrupted by `SIGINT`/);
    repl.say(`ws.send('still' + ' there'), ws.recv({ timeout: 5000 })\r`);
    await repl.hears(/'still there'/);
  });
});
