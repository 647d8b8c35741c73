/**
 * The examples run as they stand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const FOLDER = new URL('../../examples/', import.meta.url);
/** What each example prints, at least. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  'echo-async.mjs': ['received hello', 'received message 3', 'closed with 1000'],
  'echo-events.mjs': ['received 1000 messages, 512000 bytes', 'closed with 1000'],
  'echo-sync.mjs': ['received hello', 'TimeoutError: recv timed out', 'closed with 1000'],
  'sync-commonjs.cjs': ['received hello', 'closed with 1000'],
  'sync-ctrl-c.mjs': ['waiting for messages', 'asked to stop', 'closed with 1000'],
  'sync-test.mjs': ['pass 3', 'fail 0'],
  'sync-for-a-while.mjs': [
    'Dear NAME, your THING is ready.',
    'received in the async way again',
    'closed with 1000',
  ],
  'sync-in-worker.mjs': ['received message 3', "the main thread's timer fired freely"],
  'tls-own-ca.mjs': [
    'async received over TLS',
    'sync received over TLS, blocking',
    "the server's certificate was refused",
  ],
};

let child: ChildProcess | undefined;

function start(example: string, ...args: string[]): ChildProcess {
  child = spawn(process.execPath, [fileURLToPath(new URL(example, FOLDER)), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return child;
}

/** Collects what a process prints until it ends, or until `enough`. */
function output(running: ChildProcess, enough: RegExp | undefined = undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    for (const stream of [running.stdout, running.stderr]) {
      stream?.on('data', (chunk) => {
        text += chunk;
        if (enough?.test(text)) resolve(text);
      });
    }
    running.once('close', (code) => resolve(`${text}\nended with ${code}`));
  });
}

describe('the examples', () => {
  afterEach(() => child?.kill());

  it('are all tried here', () => {
    // Those that are sites are tried in sites.test.ts.
    const files = readdirSync(FOLDER).filter((name) => /^(?!chat).*\.[cm]js$/.test(name));
    expect(files.sort()).toEqual([...Object.keys(OUTPUTS), 'echo-server.mjs'].sort());
  });

  for (const [example, lines] of Object.entries(OUTPUTS)) {
    it(`${example} runs as it stands, and ends by itself`, async () => {
      const printed = await output(start(example));
      for (const line of lines) expect(printed).toContain(line);
      expect(printed).toMatch(/\nended with 0$/);
    });
  }

  it('echo-server.mjs serves the client examples', async () => {
    const server = start('echo-server.mjs', '0');
    const [, url] = /listening on (\S+)/.exec(await output(server, /\n/)) as RegExpExecArray;
    const client = start('echo-async.mjs', url as string);
    expect(await output(client)).toContain('received message 3');
    server.kill();
  });
});
