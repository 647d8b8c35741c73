/**
 * A program that a bundler has made one file of runs from any folder, with nothing beside it.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, peer } from '../support/peer/index.ts';
import { runFile } from '../support/run-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Uses every client, and has one connection driven by two of them. */
const PROGRAM = `
import { connect, TimeoutError } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { serve } from 'wirespeed/server';
import { connect as connectSync, TimeoutError as SyncTimeoutError, toAsync, toSync } from 'wirespeed/sync';

async function main(url) {
  const sync = connectSync(url);
  sync.send('by blocking calls');
  console.log(sync.recv({ timeout: 5000 }));
  sync.close();
  const ws = await connect(url);
  const blocking = toSync(ws);
  blocking.send('lent');
  console.log(blocking.recv({ timeout: 5000 }));
  console.log(toAsync(blocking) === ws, TimeoutError === SyncTimeoutError);
  await ws.close();
  const server = await serve({ handlers: { message: (ws, data) => void ws.send(data, { text: true }) } });
  const text = await new Promise((resolve, reject) => {
    const message = (ws, data) => {
      resolve(new TextDecoder().decode(data));
      ws.close();
    };
    connectEvents(server.url, { message }).then((ws) => ws.send('by callbacks'), reject);
  });
  console.log(text);
  await server.close();
}

main(process.argv[2]);
`;
const PRINTED = ['by blocking calls', 'lent', 'true true', 'by callbacks'];

type Format = 'cjs' | 'esm';
type Bundler = (
  input: string,
  output: string,
  format: Format,
  isMinified: boolean,
) => Promise<unknown>;

const BUNDLERS = {
  esbuild: (input, outfile, format, minify) =>
    build({ entryPoints: [input], outfile, format, minify, bundle: true, platform: 'node' }),
  rolldown: async (input, file, format, minify) => {
    const bundle = await rolldown({ input, platform: 'node' });
    await bundle.write({ file, format, minify });
    await bundle.close();
  },
} as const satisfies Readonly<Record<string, Bundler>>;

describe('a bundled program', () => {
  let project: string;
  let elsewhere: string;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'wirespeed-bundled-'));
    elsewhere = await mkdtemp(join(tmpdir(), 'wirespeed-elsewhere-'));
    await mkdir(join(project, 'node_modules'));
    await symlink(ROOT, join(project, 'node_modules/wirespeed'));
    await writeFile(join(project, 'program.mjs'), PROGRAM);
  });
  afterAll(async () => {
    await rm(project, { recursive: true, force: true });
    await rm(elsewhere, { recursive: true, force: true });
  });

  it('may read no file but itself', async () => {
    // Version 20 has it by another name.
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const network = ['--allow-net'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
    const file = join(elsewhere, 'permitted.cjs');
    await BUNDLERS.esbuild(join(project, 'program.mjs'), file, 'cjs', false);
    const { url } = peer.script('plain', { steps: [ECHO] });
    const { lines } = await runFile(file, [url], {
      cwd: elsewhere,
      flags: [permission, `--allow-fs-read=${file}`, '--allow-worker', '--allow-wasi', ...network],
    });
    expect(lines).toEqual(PRINTED);
  });

  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    for (const format of ['esm', 'cjs'] as const) {
      for (const isMinified of [false, true]) {
        const kind = `${isMinified ? 'minified ' : ''}${format}`;
        it(`runs, made by ${name} as ${kind}`, async () => {
          const extension = format === 'esm' ? 'mjs' : 'cjs';
          const file = join(elsewhere, `${name}-${isMinified}.${extension}`);
          await bundle(join(project, 'program.mjs'), file, format, isMinified);
          const { url } = peer.script('plain', { steps: [ECHO] });
          const { code, lines, stderr } = await runFile(file, [url], { cwd: dirname(file) });
          expect({ code, lines, stderr }).toEqual({ code: 0, lines: PRINTED, stderr: '' });
        });
      }
    }
  }
});
