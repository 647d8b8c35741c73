// Packs the package, and runs publint and attw on what users would install.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'wirespeed-package-'));

function run(program, args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8' });
}

/** Runs a tool. Returns whether it found no fault. */
function passes(program, args) {
  try {
    run(join(root, 'node_modules/.bin', program), args);
    return true;
  } catch (error) {
    console.error(`${program} objects:\n${error.stdout}`);
    return false;
  }
}

try {
  // Without its scripts, so that it packs what has been built and builds nothing.
  const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const tarball = join(folder, JSON.parse(packed)[0].filename);
  const results = [
    passes('publint', [tarball, '--strict']),
    passes('attw', [tarball, '--profile', 'strict']),
  ];
  if (results.includes(false)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
