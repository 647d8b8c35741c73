/**
 * The package in Vitest's `vmThreads`, where the modules of a program are in a realm of their own.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
import { createDeflateRaw } from 'node:zlib';
import { expect, it, vi } from 'vitest';
import { connect, ConnectError } from 'wirespeed';
import { serve } from 'wirespeed/server';
import { connect as connectSync } from 'wirespeed/sync';

it('is in a realm of its own', () => {
  expect(createDeflateRaw()._writeState instanceof Uint32Array).toBe(false);
});

it('compresses, explains failures, and goes by real time', async () => {
  const perMessageDeflate = { threshold: 0 };
  const handlers = { message: (ws, data, isText) => void ws.send(data, { text: isText }) };
  const server = await serve({ perMessageDeflate, handlers });
  const ws = await connect(server.url, { perMessageDeflate });
  await ws.send('x'.repeat(100_000));
  expect(await ws.recv()).toHaveLength(100_000);
  expect(ws.extensions).toBe('permessage-deflate');
  vi.useFakeTimers();
  await expect(ws.recv({ timeout: 50 })).rejects.toThrow('recv timed out after 50 ms');
  await ws.close();
  await server.close();
  vi.useRealTimers();
  await expect(connect('ws://127.0.0.1:1/')).rejects.toBeInstanceOf(ConnectError);
  expect(() => connectSync('ws://127.0.0.1:1/')).toThrow(ConnectError);
});
`;

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'wirespeed-vitest-'));
  await mkdir(join(project, 'node_modules'));
  await symlink(ROOT, join(project, 'node_modules/wirespeed'));
  await symlink(join(ROOT, 'node_modules/vitest'), join(project, 'node_modules/vitest'));
  await writeFile(join(project, 'program.test.mjs'), PROGRAM);
});
afterAll(() => rm(project, { recursive: true, force: true }));

it("works in Vitest's vmThreads", async () => {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--pool', 'vmThreads', '--root', project, '--reporter', 'json'];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error) => error);
  expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 2, numTotalTests: 2 });
});
