/**
 * `npm run bench:setup`: installs what npm cannot install, clients and servers in Python, Rust and C, into `.local`.
 * It prints what it has done and what is missing. Run again, it does only what has changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { comparedCrates, FLOOR, PYTHON, RUST } from './local.mjs';
import { isPythonRecentEnough, MIN_PYTHON, pythonCandidates } from './python-candidates.mjs';

const steps = [
  { name: 'Python', run: setUpPython },
  { name: 'Rust', run: setUpRust },
  { name: 'C', run: setUpFloor },
];

let hasFailed = false;
for (const { name, run } of steps) {
  try {
    console.log(`${name.padEnd(7)} ${run()}`);
  } catch (error) {
    hasFailed = true;
    console.log(`${name.padEnd(7)} failed: ${error instanceof Error ? error.message : error}`);
  }
}
console.log('npm run bench leaves out what is missing, and says so. Nothing else depends on it.');
process.exitCode = hasFailed ? 1 : 0;

function setUpPython() {
  const requirements = path('../python/requirements.txt');
  const python = findPython();
  if (!python) {
    return `missing: no Python ${MIN_PYTHON.join('.')} or newer was found on PATH or under pyenv; PYTHON=/path/to/python npm run bench:setup uses the one you name`;
  }
  const mark = markOf(python.path, readFileSync(requirements, 'utf8'));
  const folder = dirname(dirname(PYTHON));
  if (isMarked(folder, mark)) return `nothing to do: ${folder} is up to date`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  execute(python.path, ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  execute(PYTHON, [...install, '--only-binary', ':all:', '--requirement', requirements]);
  setMark(folder, mark);
  return `installed the packages of python/requirements.txt for Python ${python.version} into ${folder}`;
}

function findPython() {
  const candidates = pythonCandidates(process.env, pyenvVersions());
  for (const candidate of candidates) {
    const { stdout, status } = spawnSync(candidate, ['--version'], { encoding: 'utf8' });
    const version = /^Python (\S+)/.exec(stdout ?? '')?.[1];
    if (status === 0 && version && isPythonRecentEnough(version)) {
      return { path: candidate, version };
    }
  }
  return undefined;
}

/** Paths of the interpreters that pyenv has installed. */
function pyenvVersions() {
  const root = join(process.env.PYENV_ROOT ?? join(os.homedir(), '.pyenv'), 'versions');
  if (!existsSync(root)) return [];
  return readdirSync(root).map((version) => ({
    version,
    path: join(root, version, 'bin/python'),
  }));
}

function setUpRust() {
  if (!isThere('cargo')) {
    return 'missing: no cargo was found on PATH; https://rustup.rs installs it';
  }
  // Cargo finds out by itself whether anything has changed.
  const target = dirname(dirname(RUST));
  const manifest = path('../rust/Cargo.toml');
  const where = ['--manifest-path', manifest, '--target-dir', target];
  execute('cargo', ['build', '--release', '--locked', '--quiet', ...where]);
  return `built the clients and servers on ${comparedCrates().join(', ')}: ${RUST}`;
}

function setUpFloor() {
  if (process.platform !== 'linux') return 'left out: the floor in C is for Linux';
  const compiler = process.env.CC ?? 'cc';
  if (!isThere(compiler)) {
    return `missing: no ${compiler} was found on PATH; a C compiler comes with packages such as build-essential`;
  }
  const source = path('../floor/floor.c');
  const folder = dirname(FLOOR);
  const mark = markOf(compiler, readFileSync(source, 'utf8'));
  if (isMarked(folder, mark)) return `nothing to do: ${FLOOR} is up to date`;
  mkdirSync(folder, { recursive: true });
  execute(compiler, ['-O2', '-std=c11', source, '-o', FLOOR]);
  setMark(folder, mark);
  return `built the floor: ${FLOOR}`;
}

/** @param {string} command */
function isThere(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/**
 * Runs a command. If it fails, its output is in the error.
 *
 * @param {string} command
 * @param {string[]} args
 */
function execute(command, args) {
  const { status, error, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}

/** @param {string[]} parts */
function markOf(...parts) {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

/**
 * @param {string} folder
 * @param {string} mark
 */
function isMarked(folder, mark) {
  const file = join(folder, 'set-up');
  return existsSync(file) && readFileSync(file, 'utf8') === mark;
}

/**
 * @param {string} folder
 * @param {string} mark
 */
function setMark(folder, mark) {
  writeFileSync(join(folder, 'set-up'), mark);
}

/** @param {string} relative */
function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
