/**
 * Runs the micro benchmarks one after the other. Each has a process of its own, so that no other one has warmed its code.
 *
 *   npm run bench:micro -- mask frame-reader
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = [
  ...['frame-reader', 'frame-writer', 'handshake', 'mask', 'copy', 'deflate'],
  'compression-memory',
];

const names = process.argv.slice(2);
const unknown = names.find((name) => !BENCHMARKS.includes(name));
if (unknown !== undefined) {
  console.error(`bench:micro: there is no ${unknown}; choose from ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : BENCHMARKS) {
  console.log(`\n== ${name}`);
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--expose-gc', file], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
