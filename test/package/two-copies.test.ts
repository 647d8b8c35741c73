/**
 * Two copies of the package in one program: each says so where it is given what the other has made.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked } from '../../scripts/packed-package.mjs';
import { ECHO, peer } from '../support/peer/index.ts';
import { type Outcome, runFile } from '../support/run-program.ts';

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'wirespeed-copies-'));
  const dependency = join(project, 'node_modules/dependency');
  await installPacked(project);
  await mkdir(dependency, { recursive: true });
  await installPacked(dependency);
  await writeFile(join(dependency, 'index.js'), 'exports.require = require;');
}, 60_000);
afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

/** Runs a program that has one copy by `require`, and another by `other`. */
async function run(source: string): Promise<Outcome> {
  const file = join(project, 'program.cjs');
  const url = JSON.stringify(peer.script('plain', { steps: [ECHO] }).url);
  await writeFile(
    file,
    `const other = require('dependency').require;
    const tell = (act) => {
      try {
        console.log(act());
      } catch (error) {
        console.log(error.name + ': ' + error.message);
      }
    };
    (async (url) => {${source}})(${url});`,
  );
  return runFile(file, [], { cwd: project });
}

describe('two copies of the package', () => {
  it('are named where one is given a connection of the other', async () => {
    const { lines, stderr } = await run(`
      const ws = await other('wirespeed').connect(url);
      tell(() => require('wirespeed/sync').toSync(ws));
      const blocking = other('wirespeed/sync').toSync(ws);
      tell(() => require('wirespeed/sync').toAsync(blocking));
      tell(() => other('wirespeed/sync').toAsync(blocking) === ws);
      await ws.close();
      const own = require('wirespeed/sync').connect(url);
      tell(() => other('wirespeed/sync').toSync(own));
      tell(() => require('wirespeed/sync').toSync(own));
      tell(() => require('wirespeed/sync').toAsync(own));
      own.close();`);
    const hint = 'two copies of wirespeed are loaded, and `npm ls wirespeed` lists them';
    const made = `the connection was made by another copy: ${hint}`;
    expect(lines).toEqual([
      `TypeError: toSync: ${made}`,
      `TypeError: toAsync: ${made}`,
      'true',
      `TypeError: toSync: ${made}`,
      expect.stringMatching(
        /^TypeError: toSync: the connection must be one that connect of wirespeed made/,
      ),
      'TypeError: toAsync: the connection must be one that toSync returned',
    ]);
    expect(stderr).toBe('');
  });

  it('are named, once, where an error of one is checked against a class of the other', async () => {
    const { lines, stderr } = await run(`
      const fail = (from) => from('wirespeed').connect('ws://127.0.0.1:1/').catch((error) => error);
      const { ConnectError, TimeoutError, WebSocketError } = require('wirespeed');
      const own = await fail(require);
      console.log(own instanceof ConnectError, own instanceof WebSocketError, own instanceof TimeoutError);
      console.log([null, undefined, 1, {}, new Error()].some((value) => value instanceof WebSocketError));
      console.log(class extends TimeoutError {}.prototype instanceof TimeoutError);
      process.once('warning', () => console.log('warned'));
      await new Promise((resolve) => setImmediate(resolve));
      const foreign = await fail(other);
      console.log(foreign instanceof ConnectError, foreign instanceof WebSocketError);
      console.log(foreign instanceof other('wirespeed').ConnectError);`);
    expect(lines).toEqual(['true true false', 'false', 'true', 'false false', 'true', 'warned']);
    expect(stderr.match(/\[WS_TWO_COPIES\] Warning: .*npm ls wirespeed/g)).toHaveLength(1);
  });
});
