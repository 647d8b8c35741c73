/** `npm run test:interop`: says which peers are here, then runs the tests against those. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findChromium, findWebsockets, listPeers, setUpWebsockets } from './peers.mjs';

const HELP = `Usage: npm run test:interop -- [options of vitest]

Tests against other implementations of WebSocket. It takes those that are here and says how to get
the others.

Options:
  --setup   install Python's websockets into test/interop/.local, and stop
  --help    this text
`;

const args = process.argv.slice(2);
if (args.includes('--help')) process.stdout.write(HELP);
else if (args.includes('--setup')) setUp();
else runTests();

function setUp() {
  if (setUpWebsockets()) {
    process.stdout.write(`installed: websockets ${findWebsockets().version}\n`);
  } else {
    process.stderr.write(
      "websockets could not be installed; it needs Python 3.11 or later with venv (Debian's " +
        'python3-venv); the variable PYTHON may name its program\n',
    );
    process.exitCode = 1;
  }
  const chromium = findChromium();
  if (chromium.path === undefined) process.stdout.write(`for Chromium: ${chromium.hint}\n`);
  process.stdout.write('everything else is installed by npm ci\n');
}

function runTests() {
  for (const { name, path, version, hint } of listPeers()) {
    process.stdout.write(
      path === undefined
        ? `skipped: ${name} is not here; to get it: ${hint}\n`
        : `${name} ${version}\n`,
    );
  }
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const program = join(vitest, '../vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [program, 'run', '--project', 'interop', ...args],
    { cwd: folder, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
