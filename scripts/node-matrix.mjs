// Runs the contract suite and the tests of the sync client on every major version of Node.js and with each way
// of blocking I/O, and prints a table.
//
//   npm run test:node-matrix -- [--majors 20,22,24,26] [--io wasi,fs-blocking,fs,worker]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BLOCKING_IO, listArgument, MAJORS, nodeBinary } from './node-majors.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'wirespeed-matrix-'));
const rows = [];

/** Runs the tests; returns what the row of the table says, and whether all is well. */
function run(binary, io, isFirst) {
  const result = join(folder, 'result.json');
  rmSync(result, { force: true });
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...['contract', 'parts', 'faces'].flatMap((project) => ['--project', project]),
    'test/contract',
    'test/client/sync',
    // Blocking calls can drive a connection of the async client only where they have its descriptor.
    ...(io === 'worker' ? [] : ['test/client/lending']),
    'test/blocking',
    'test/security/flooding-server',
    '--reporter=json',
    `--outputFile=${result}`,
  ];
  const env = { ...process.env, WIRESPEED_TEST_ALL: '1', WIRESPEED_SYNC_IO: io, NO_COLOR: '1' };
  // The other clients do not depend on the way of blocking I/O, so they are tested once on each version.
  if (!isFirst) env.WIRESPEED_TEST_FACES = 'sync';
  const { stdout, stderr, signal } = spawnSync(binary, args, { cwd: root, env, encoding: 'utf8' });
  if (!existsSync(result)) {
    const lines = `${stdout}\n${stderr}`.trim().split('\n');
    return { outcome: `vitest does not run: ${signal ?? lines.at(-1)}`, isSuccess: false };
  }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(result, 'utf8'));
  for (const { name, status, message, assertionResults } of testResults) {
    for (const test of assertionResults) {
      if (test.status === 'failed')
        console.log(`  ${test.fullName}\n    ${test.failureMessages[0]}`);
    }
    if (status === 'failed' && assertionResults.length === 0)
      console.log(`  ${name}\n    ${message}`);
  }
  const isSuccess = numFailedTests === 0 && testResults.every(({ status }) => status === 'passed');
  return { outcome: `${numPassedTests} passed, ${numFailedTests} failed`, isSuccess };
}

try {
  const ways = listArgument('io', BLOCKING_IO);
  for (const major of listArgument('majors', MAJORS)) {
    let binary;
    let version;
    try {
      binary = nodeBinary(major);
      version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
    } catch (error) {
      const why = String(error.stderr || error.message)
        .trim()
        .split('\n')[0];
      rows.push([`v${major}`, '', `not to be had: ${why}`, '']);
      process.exitCode = 1;
      continue;
    }
    for (const io of ways) {
      console.log(`Node.js ${version}, ${io}`);
      const begun = performance.now();
      const { outcome, isSuccess } = run(binary, io, io === ways[0]);
      if (!isSuccess) process.exitCode = 1;
      rows.push([version, io, outcome, `${((performance.now() - begun) / 1000).toFixed(0)} s`]);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

const table = [['Node.js', 'blocking I/O', 'tests', 'time'], ...rows];
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
console.log();
for (const row of table) {
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
