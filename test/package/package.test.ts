import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked } from '../../scripts/packed-package.mjs';
import { ECHO, peer } from '../support/peer/index.ts';

const run = promisify(execFile);

/** What each entry point exports to run; more may come, but none of these may go. */
const entries = {
  wirespeed: ['connect', 'WebSocketError', 'ConnectionClosedError', 'TimeoutError'],
  'wirespeed/sync': [
    'connect',
    'toAsync',
    'toSync',
    'WebSocketError',
    'ConnectionClosedError',
    'TimeoutError',
  ],
  'wirespeed/events': ['connect', 'WebSocketError', 'ConnectionClosedError', 'TimeoutError'],
  'wirespeed/server': ['serve', 'WebSocketError'],
  'wirespeed/websocket': ['WebSocket', 'CloseEvent'],
  'wirespeed/protocol': ['Session', 'OutputBuffer', 'CloseCode', 'Opcode', 'scalarKernels'],
};
const names = Object.entries(entries);

describe('the packed package', () => {
  let project: string;
  let installed: string;
  let files: string[];

  /** Runs a program in the project that has the package installed. */
  const node = (args: readonly string[], env = process.env) =>
    run(process.execPath, args, { cwd: project, env });

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'wirespeed-consumer-'));
    ({ folder: installed, files } = await installPacked(project));
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  }, 60_000);

  afterAll(async () => {
    await rm(project, { recursive: true, force: true });
  });

  it('holds what was built and the documents, and nothing else', () => {
    const expected =
      /^(?:dist\/.+\.(?:js|cjs|cjs\.map|d\.ts|d\.cts)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files.filter((file) => file.includes('internal'))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/entries/index.js',
        'dist/entries/index.cjs',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
      ]),
    );
  });

  it('exports the documented entry points', async () => {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const exported = Object.keys(manifest.exports).map((path) => join('wirespeed', path));
    expect(exported.sort()).toEqual([...Object.keys(entries), 'wirespeed/package.json'].sort());
  });

  it('depends on nothing', async () => {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies'];
    expect(kinds.filter((kind) => kind in manifest)).toEqual([]);
    expect(Object.keys(manifest.scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:pre|post)?install$/)]),
    );
  });

  it.each(names)('gives an ES module that imports %s its exports', async (name, exports) => {
    const program = `import * as entry from '${name}'; console.log(Object.keys(entry).join());`;
    const { stdout, stderr } = await node(['--input-type=module', '-e', program]);
    expect(stdout.trim().split(',')).toEqual(expect.arrayContaining(exports));
    expect(stderr).toBe('');
  });

  it.each(names)('gives a CommonJS module that requires %s its exports', async (name, exports) => {
    const program = `console.log(Object.keys(require('${name}')).join());`;
    const { stdout, stderr } = await node(['--input-type=commonjs', '-e', program]);
    expect(stdout.trim().split(',')).toEqual(expect.arrayContaining(exports));
    expect(stderr).toBe('');
  });

  it('blocks in the REPL, where every line sees what the one before has received', async () => {
    const program = `
      const { serve } = require('wirespeed/server');
      serve({ host: '127.0.0.1', handlers: { message: (ws, data, isText) => ws.send(data, { text: isText }) } })
        .then(({ url }) => require('node:worker_threads').parentPort.postMessage(url));`;
    const server = new Worker(program, { eval: true });
    const [url] = await once(server, 'message');
    const repl = spawn(process.execPath, ['-i'], { cwd: project, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [repl.stdout, repl.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    repl.stdin.end(
      [
        "const { connect } = require('wirespeed/sync')",
        `const ws = connect('${url}')`,
        "ws.send('from the REPL')",
        'ws.recv({ timeout: 5000 })',
        'ws.close()',
        'ws.closeCode',
        '',
      ].join('\n'),
    );
    const [code] = await once(repl, 'close');
    await server.terminate();
    expect(output).toContain("> 'from the REPL'\n");
    expect(output).toContain('> 1000\n');
    expect(output).not.toMatch(/Warning|Error/);
    expect(code).toBe(0);
  });

  it('shares one class per error between the entry points', async () => {
    const program = `
      const errors = ['wirespeed', 'wirespeed/sync', 'wirespeed/events', 'wirespeed/server']
        .map((name) => require(name).WebSocketError);
      console.log(new Set(errors).size);`;
    const { stdout } = await node(['--input-type=commonjs', '-e', program]);
    expect(stdout.trim()).toBe('1');
  });

  it.each(names)('exports the very same from %s, imported and required', async (name, exports) => {
    const program = `
      import * as imported from '${name}';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('${name}');
      const keys = Object.keys(required);
      console.log(keys.every((key) => imported[key] === required[key]));
      console.log(Object.keys(imported).sort().join() === keys.sort().join());
      console.log(keys.join());`;
    await writeFile(join(project, 'both.mjs'), program);
    const { stdout } = await node(['both.mjs']);
    const [areSame, areAll, keys = ''] = stdout.trim().split('\n');
    expect([areSame, areAll]).toEqual(['true', 'true']);
    expect(keys.split(',')).toEqual(expect.arrayContaining(exports));
  });

  it('has one copy of all state, of whatever is imported and required', async () => {
    const { url } = peer.script('plain', { steps: [ECHO] });
    const program = `
      import workers from 'node:worker_threads';
      import { createRequire, syncBuiltinESMExports } from 'node:module';
      let started = 0;
      workers.Worker = class extends workers.Worker {
        constructor(...args) {
          super(...args);
          started++;
        }
      };
      syncBuiltinESMExports();
      const require = createRequire(import.meta.url);
      const imported = { ...(await import('wirespeed')), sync: await import('wirespeed/sync') };
      const required = { ...require('wirespeed'), sync: require('wirespeed/sync') };
      for (const [one, other] of [[imported, required], [required, imported]]) {
        const error = await one.connect('ws://127.0.0.1:1/').catch((error) => error);
        console.log(error instanceof other.ConnectError, error instanceof other.sync.WebSocketError);
        const ws = await one.connect('${url}');
        const blocking = other.sync.toSync(ws);
        blocking.send('lent');
        console.log(blocking.recv({ timeout: 5000 }), one.sync.toAsync(blocking) === ws);
        await ws.close();
        one.sync.connect('${url}').close();
      }
      console.log(started);`;
    await writeFile(join(project, 'mixed.mjs'), program);
    const { stdout } = await node(['mixed.mjs']);
    const once = ['true true', 'lent true'];
    expect(stdout.trim().split('\n')).toEqual([...once, ...once, '1']);
  });

  it('brings a command that tells how it is used', async () => {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const command = join(installed, manifest.bin.wirespeed);
    await access(command, constants.X_OK);
    const { stdout } = await run(command, ['--help'], { cwd: project });
    expect(stdout).toMatch(/^Usage: wirespeed .*echo/s);
  });

  it.each(names.map(([name]) => name))('opens a handful of files to import %s', async (name) => {
    const files = await loadedFiles(name);
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThanOrEqual(6);
  });

  it('leaves Node.js little to read for the names of what is required', async () => {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    for (const { require } of Object.values<{ require?: { default: string } }>(manifest.exports)) {
      if (require === undefined) continue;
      const code = await readFile(join(installed, require.default), 'utf8');
      expect(code.length, require.default).toBeLessThan(4096);
    }
  });

  it('loads neither the other clients nor the server with the async client', async () => {
    const load = async (name: string) => {
      const contents = (await loadedFiles(name)).map((file) => readFile(file, 'utf8'));
      return (await Promise.all(contents)).join('\n');
    };
    const code = await load('wirespeed');
    expect(code).toContain('class extends DrivenConnection');
    const others = { 'wirespeed/sync': 'SyncDriver', 'wirespeed/server': 'PlacedServer' };
    for (const [name, part] of Object.entries(others)) {
      expect(await load(name)).toContain(part);
      expect(code).not.toContain(part);
    }
    expect(code).not.toContain('socket-worker');
  });

  /** Returns which files of the package an import loads, as Node.js tells it. */
  async function loadedFiles(name: string): Promise<string[]> {
    const coverage = await mkdtemp(join(project, 'coverage-'));
    await node(['--input-type=module', '-e', `import '${name}'`], {
      ...process.env,
      NODE_V8_COVERAGE: coverage,
    });
    return readCoverage(coverage);
  }
});

/** Returns all files of the package that a run has loaded. */
async function readCoverage(folder: string): Promise<string[]> {
  const reports = await readdir(folder);
  const contents = await Promise.all(reports.map((name) => readFile(join(folder, name), 'utf8')));
  return contents
    .flatMap((content): { url: string }[] => JSON.parse(content).result)
    .map((script) => script.url)
    .filter((url) => url.includes('/wirespeed/dist/'))
    .map((url) => fileURLToPath(url));
}
