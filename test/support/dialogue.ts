/**
 * Programs that are talked to while they run: what they print is waited for, and answered by a line or a signal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_WAIT = 20_000;

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** A program that is heard and talked to; after the test it is killed. */
export class Dialogue {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  #hear = (): void => {};

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    running.push(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output += chunk;
        this.#hear();
      });
    }
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Says something; what was printed before counts no more. */
  say(text: string): void {
    this.#output = '';
    this.#child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for something to be printed since something was said. */
  async hears(expected: RegExp): Promise<void> {
    const timer = setTimeout(() => this.#hear(), MAX_WAIT);
    const begun = performance.now();
    while (!expected.test(this.#output)) {
      if (performance.now() - begun >= MAX_WAIT) {
        throw new Error(`${expected} was not heard, but: ${this.#output}`);
      }
      await new Promise<void>((resolve) => {
        this.#hear = resolve;
      });
    }
    clearTimeout(timer);
  }

  /** Waits for the end; returns all that was printed since something was said. */
  async ends(): Promise<string> {
    await this.#ended;
    return this.#output;
  }
}
