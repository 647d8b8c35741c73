/** The names of classes that a minifier has shortened show up nowhere: not in errors, not in `console.log`. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const PROGRAM = `
import { inspect } from 'node:util';
import * as wirespeed from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { serve } from 'wirespeed/server';

const server = await serve({ host: '127.0.0.1', request(request) { print(request); }, handlers: { open: print } });
const { connect, ...errors } = wirespeed;
const ws = await connect(server.url);
const events = await connectEvents(server.url, {});
[server, ws, events].forEach(print);
for (const Class of Object.values(errors)) {
  const error = new Class('text', {}, {});
  console.log(Object.keys(wirespeed).find((name) => wirespeed[name] === Class), error.name, error.stack.split(':')[0]);
}
const refused = await connect('ws://127.0.0.1:1/').catch((error) => error);
print(refused);
console.log(Class(ws), Class(server));
ws.terminate();
events.terminate();
await server.close();

function print(value) { console.log('shown', /^[^ :]+/.exec(inspect(value))[0]); }
function Class(value) { return 'minified ' + (value.constructor.name.length < 4); }
`;

let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirespeed-minified-'));
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const build = await rolldown({
    input: 'program',
    platform: 'node',
    external: /^node:/,
    plugins: [
      {
        name: 'program',
        resolveId(id) {
          if (id === 'program') return id;
          const entry = exports[id.replace('wirespeed', '.')];
          return entry === undefined ? undefined : join(root, entry.default);
        },
        load: (id) => (id === 'program' ? PROGRAM : undefined),
      },
    ],
  });
  const file = join(folder, 'program.mjs');
  await build.write({ file, format: 'esm', minify: true });
  await build.close();
  const { stdout } = await run(process.execPath, [file]);
  lines = stdout.trim().split('\n');
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it('has shortened the names of classes, or this tests nothing', () => {
  expect(lines).toContain('minified true minified true');
});

it('leaves every error its name', () => {
  const named = lines.filter((line) => /Error \w+Error/.test(line)).map((line) => line.split(' '));
  expect(named.length).toBeGreaterThan(14);
  for (const [exported, name, inStack] of named) {
    expect([name, inStack]).toEqual([exported, exported]);
  }
});

it('leaves what is shown of connections, servers, requests and errors as it is', () => {
  const shown = lines.filter((line) => line.startsWith('shown ')).map((line) => line.slice(6));
  expect(new Set(shown)).toEqual(
    new Set(['UpgradeRequest', 'EventConnection', 'Server', 'Connection', 'ConnectError']),
  );
});
