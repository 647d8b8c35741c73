// Installs other versions of Node.js from npm: the packages `node-PLATFORM-ARCH` contain nothing but the binary.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), '.node-majors');
export const MAJORS = ['20', '22', '24', '26'];
/** The ways of blocking I/O that the sync client has. */
export const BLOCKING_IO = ['wasi', 'fs-blocking', 'fs', 'worker'];

/** Returns the binary of a major version, and installs it at the first call; throws if there is none. */
export function nodeBinary(major) {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(FOLDER, major);
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  // A project of its own: npm would otherwise install into the one around it.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${major}`];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], shell: true });
  return binary;
}

/** Reads `--name a,b` from the command line. Returns the values given, each of them one of `known`; by default all. */
export function listArgument(name, known) {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return known;
  const asked = (process.argv[at + 1] ?? '').split(',');
  const wrong = asked.find((value) => !known.includes(value));
  if (wrong === undefined) return asked;
  console.error(`--${name} takes ${known.join(', ')}, separated by commas, not '${wrong}'`);
  process.exit(2);
}
