// Packs the package and has publint and attw look at what users would install.
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

/** Runs a tool; returns whether it had nothing to object to. */
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
  // Without its scripts: what has been built is what is looked at.
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
