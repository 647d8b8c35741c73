// Runs programs that use the packed package under Jest: in its environments `node` and `jsdom`, and under fake timers.
// By default Jest has only CommonJS. It comes from npm, into an ignored folder.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fetchPackages } from './fetched-packages.mjs';
import { installPacked } from './packed-package.mjs';

const VERSION = '30.5.2';

const PROGRAM = `
const { Worker } = require('node:worker_threads');
const ENTRIES = ['', '/sync', '/events', '/server', '/protocol'].map((path) => 'wirespeed' + path);
const perMessageDeflate = { threshold: 0 };
let thread;
let url;

beforeAll(async () => {
  // Blocking calls need a server on another thread.
  const source = \`
    const { serve } = require(\${JSON.stringify(require.resolve('wirespeed/server'))});
    serve({
      perMessageDeflate: { threshold: 0 },
      handlers: { message: (ws, data, isText) => ws.send(data, { text: isText }) },
    }).then(({ url }) => require('node:worker_threads').parentPort.postMessage(url));\`;
  thread = new Worker(source, { eval: true });
  url = await new Promise((resolve) => thread.once('message', resolve));
});
afterAll(() => thread.terminate());

test.each(ENTRIES)('requires %s', (name) => {
  expect(Object.keys(require(name)).length).toBeGreaterThan(5);
});

test('compresses in every client', async () => {
  const text = 'by and large '.repeat(5000);
  const ws = await require('wirespeed').connect(url, { perMessageDeflate });
  await ws.send(text);
  expect(await ws.recv()).toBe(text);
  expect(ws.extensions).toBe('permessage-deflate');
  await ws.close();
  const blocking = require('wirespeed/sync').connect(url, { perMessageDeflate });
  blocking.send(text);
  expect(blocking.recv({ timeout: 5000 })).toBe(text);
  blocking.close();
  const { serve } = require('wirespeed/server');
  const server = await serve({ perMessageDeflate, handlers: { open: (ws) => ws.send(text) } });
  await new Promise((resolve, reject) => {
    const handlers = { message: (ws) => ws.close(), close: resolve };
    require('wirespeed/events').connect(server.url, handlers, { perMessageDeflate }).catch(reject);
  });
  await server.close();
});

test('takes URLs, signals and bytes of its realm', async () => {
  const { connect, ConnectError } = require('wirespeed');
  const { signal } = new AbortController();
  const ws = await connect(new URL(url), { signal });
  await ws.send(new Uint8Array([1, 2, 3]), { signal });
  const received = await ws.recv({ signal });
  expect(received).toEqual(new Uint8Array([1, 2, 3]));
  expect(received).toBeInstanceOf(Uint8Array);
  await ws.send(new (require('node:buffer').Blob)(['abc']));
  expect((await ws.recv()).length).toBe(3);
  await ws.close();
  await expect(connect('ws://127.0.0.1:1/')).rejects.toBeInstanceOf(ConnectError);
  expect(() => require('wirespeed/sync').connect('ws://127.0.0.1:1/')).toThrow(ConnectError);
});

test('goes by real time under fake timers', async () => {
  jest.useFakeTimers();
  try {
    const ws = await require('wirespeed').connect(url);
    await ws.send('hello');
    expect(await ws.recv()).toBe('hello');
    await expect(ws.recv({ timeout: 50 })).rejects.toThrow('recv timed out after 50 ms');
    await ws.close();
    const blocking = require('wirespeed/sync').connect(url);
    expect(() => blocking.recv({ timeout: 50 })).toThrow('recv timed out after 50 ms');
    blocking.close();
  } finally {
    jest.useRealTimers();
  }
});
`;

const jest = await fetchPackages([`jest@${VERSION}`, `jest-environment-jsdom@${VERSION}`]);
const project = await mkdtemp(join(tmpdir(), 'wirespeed-jest-'));
try {
  await installPacked(project);
  for (const name of ['jest', 'jest-environment-jsdom']) {
    await symlink(join(jest, 'node_modules', name), join(project, 'node_modules', name));
  }
  const environment = (testEnvironment) => ({ displayName: testEnvironment, testEnvironment });
  const config = {
    projects: [
      environment('node'),
      environment('jsdom'),
      { ...environment('node'), displayName: 'fake', fakeTimers: { enableGlobally: true } },
    ],
  };
  await writeFile(join(project, 'package.json'), JSON.stringify({ jest: config }));
  await writeFile(join(project, 'all.test.js'), PROGRAM);
  const args = [join(jest, 'node_modules/jest/bin/jest.js'), '--ci', ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: project, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  await rm(project, { recursive: true });
}
