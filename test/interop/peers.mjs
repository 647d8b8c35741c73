/** The other implementations that the tests talk to: which are here, and how to get those that are not. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findBun, findDeno, findPackage } from '../../bench/setup/packages.mjs';

export { findBun, findDeno };

const VENV = fileURLToPath(new URL('.local/venv/', import.meta.url));
const VENV_PYTHON = join(VENV, 'bin/python');
const WEBSOCKETS = 'websockets==17.4';
const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * @typedef {object} PeerProgram
 * @property {string} name for people
 * @property {string | undefined} path of the program; undefined where it is missing
 * @property {string | undefined} version
 * @property {string} hint how to get it
 */

/** @returns {PeerProgram} the Python that has `websockets`; the variable PYTHON may name one */
export function findWebsockets() {
  const { PYTHON } = process.env;
  const check =
    'import websockets.asyncio.server as server, websockets; print(websockets.__version__)';
  const candidates = PYTHON === undefined ? [VENV_PYTHON, 'python3'] : [PYTHON];
  for (const path of candidates) {
    const { status, stdout } = spawnSync(path, ['-c', check], { timeout: 20_000 });
    if (status === 0) return websockets(path, String(stdout).trim());
  }
  return websockets();
}

function websockets(path, version) {
  return {
    name: "Python's websockets",
    path,
    version,
    hint: 'npm run test:interop -- --setup',
  };
}

/** @returns {PeerProgram} the browser; the variable CHROMIUM may name one */
export function findChromium() {
  const { CHROMIUM } = process.env;
  const candidates = CHROMIUM === undefined ? CHROMIUMS.flatMap(inPath) : [CHROMIUM];
  const path = candidates.find(isExecutable);
  const output = path && spawnSync(path, ['--version'], { timeout: 20_000 }).stdout;
  return {
    name: 'Chromium',
    path,
    version: String(output ?? '').match(/[\d.]+/)?.[0],
    hint: 'apt-get install chromium, or name its program in the variable CHROMIUM',
  };
}

/** @param {'nginx' | 'haproxy'} name @returns {PeerProgram} a reverse proxy of Debian's */
export function findReverseProxy(name) {
  const path = [...inPath(name), join('/usr/sbin', name)].find(isExecutable);
  const output = path && spawnSync(path, ['-v'], { timeout: 20_000 });
  return {
    name,
    path,
    // nginx tells its version on the standard error.
    version: output && `${output.stdout}${output.stderr}`.match(/\d+(?:\.\d+)+/)?.[0],
    hint: `apt-get install ${name}`,
  };
}

function inPath(name) {
  const { PATH = '' } = process.env;
  return PATH.split(delimiter).map((folder) => join(folder, name));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {PeerProgram[]} */
export function listPeers() {
  return [
    library('ws'),
    library('undici'),
    findBun(),
    findDeno(),
    findWebsockets(),
    findChromium(),
    findReverseProxy('nginx'),
    findReverseProxy('haproxy'),
  ];
}

function library(name) {
  const found = findPackage(name);
  return { name, path: found?.directory, version: found?.version, hint: 'npm ci' };
}

/** Installs `websockets` in a virtual environment of its own; returns whether that succeeded. */
export function setUpWebsockets() {
  const { PYTHON = 'python3' } = process.env;
  rmSync(VENV, { recursive: true, force: true });
  const isMade = run(PYTHON, ['-m', 'venv', VENV]);
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', WEBSOCKETS];
  return isMade && existsSync(VENV_PYTHON) && run(VENV_PYTHON, pip);
}

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}
