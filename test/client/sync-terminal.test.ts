/**
 * Ctrl-C in a terminal, and handlers of signals. A terminal for a program takes `script` of util-linux; where it is
 * missing, the same signals are sent without one, by test/client/sync-signals.test.ts and below.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, Peer } from '../support/peer/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CTRL_C = '\x03';
/** That of util-linux has this option; others do not. */
const hasTerminal =
  spawnSync('script', ['-qec', 'exit 7', '/dev/null'], { stdio: 'ignore' }).status === 7;
if (!hasTerminal) {
  console.warn('not tested: Ctrl-C in a terminal, which takes `script` of util-linux');
}

let peer: Peer;
let child: ChildProcess | undefined;
beforeAll(async () => {
  peer = await Peer.start();
});
afterEach(() => child?.kill('SIGKILL'));
afterAll(() => peer.stop());

/** A program that is heard and talked to. */
class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  #hear = (): void => {};

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } });
    child = this.#child;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk;
        this.#hear();
      });
    }
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  say(text: string): void {
    this.#output = '';
    this.#child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for something to be printed since something was said. */
  async hears(expected: RegExp): Promise<void> {
    while (!expected.test(this.#output)) {
      await new Promise<void>((resolve) => {
        this.#hear = resolve;
      });
    }
  }

  /** Waits for the end; returns all that was printed since something was said. */
  async ends(): Promise<string> {
    await this.#ended;
    return this.#output;
  }
}

/** A program over a connection `ws`, which says when it is ready. */
function source(rest: string): string {
  const { url } = peer.script('plain', { steps: [ECHO] });
  return `import { connect } from 'wirespeed/sync';
    import { setImmediate } from 'node:timers/promises';
    const ws = connect(${JSON.stringify(url)});
    ${rest}`;
}

const args = (rest: string): string[] => ['--input-type=module', '--eval', source(rest)];
const inTerminal = (rest: string): Program =>
  new Program('script', [
    '-qec',
    `exec '${process.execPath}' ${args(`${rest}`).map(quoted).join(' ')}`,
    '/dev/null',
  ]);

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** Waits as long as is asked for; a handler of SIGINT, which asks for the end, may run in between or not. */
const loop = (between: string): string => `
  let isAsked = false;
  process.on('SIGINT', () => { isAsked = true; });
  console.log('rea' + 'dy');
  let waits = 0;
  while (!isAsked && waits < 10) {
    try { ws.recv({ timeout: 100 }); } catch {}
    waits++;
    ${between}
  }
  console.log(isAsked ? 'asked' : 'never asked');
  ws.close();`;

describe('a handler of a signal', () => {
  it('does not run while blocking calls follow one another, though they have time limits', async () => {
    const program = new Program(process.execPath, args(loop('')));
    await program.hears(/ready/);
    program.kill('SIGINT');
    expect(await program.ends()).toMatch(/never asked/);
  });

  it('runs where the program lets the event loop turn between two calls', async () => {
    const program = new Program(process.execPath, args(loop('await setImmediate();')));
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
    const repl = new Program('script', ['-qec', `exec '${process.execPath}'`, '/dev/null']);
    await repl.hears(/> /);
    repl.say(`const ws = require('wirespeed/sync').connect('${url}')\r`);
    await repl.hears(/undefined/);
    repl.say(`console.log('wai' + 'ting'), ws.recv()\r`);
    await repl.hears(/waiting/);
    // Nothing tells that it blocks. A signal that came just before would be seen when it has ended.
    await setTimeout(200);
    repl.say(CTRL_C);
    await repl.hears(/interrupted by `SIGINT`/);
    repl.say(`ws.send('still' + ' there'), ws.recv({ timeout: 5000 })\r`);
    await repl.hears(/'still there'/);
  });
});
