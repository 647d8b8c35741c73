// The cases that have failed once, one file each. `npm test` replays them.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('corpus', import.meta.url));

/** Stores a case with what was wrong about it. Returns the name of its file. */
export function keepCase(target, input, found) {
  const text = JSON.stringify(input);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const file = `${target}-${digest}.json`;
  mkdirSync(folder, { recursive: true });
  const kept = { target, found, input };
  writeFileSync(join(folder, file), `${JSON.stringify(kept, undefined, 2)}\n`);
  return join('test/fuzz/corpus', file);
}

/** Reads all stored cases. */
export function keptCases() {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...JSON.parse(readFileSync(join(folder, file), 'utf8')) }));
}
