/** The Autobahn testsuite: finds it, installs it on request, and starts it in either role. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../bench/harness/child.mjs';

/** A version that all figures are of: another one may have other cases. */
const REQUIREMENT = 'autobahntestsuite==25.10.1';
const LOCAL = fileURLToPath(new URL('.local/', import.meta.url));
const PACKAGES = join(LOCAL, 'packages');
const WSTEST = fileURLToPath(new URL('wstest.py', import.meta.url));

const PYTHON_HINT = `The Autobahn testsuite needs Python 2.7 with pip, and none was found: not in the variable PYTHON2, not
as python2.7 or python2 in the PATH, not at pyenv's. With pyenv (https://github.com/pyenv/pyenv):

  pyenv install 2.7.18

or name the program of another installation:

  PYTHON2=/path/to/python2.7 npm run test:autobahn -- --setup
`;

const SUITE_HINT = `The Autobahn testsuite is not installed. This installs it into test/autobahn/.local, which git
ignores, and nothing anywhere else (it needs a C compiler, for one of its dependencies):

  npm run test:autobahn -- --setup
`;

/** A reason why the tests cannot run; the message is for the user as it stands. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** Installs the suite, anew if it is there already. */
export function setUp() {
  const python = findPython();
  rmSync(PACKAGES, { recursive: true, force: true });
  process.stdout.write(`installing ${REQUIREMENT} for ${python} into ${PACKAGES}\n`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--no-warn-script-location'];
  const { status } = spawnSync(python, [...pip, '--target', PACKAGES, REQUIREMENT], {
    // Python 2's warning that it is no longer maintained helps nobody here.
    env: { ...process.env, PYTHONWARNINGS: 'ignore:DEPRECATION' },
    stdio: 'inherit',
  });
  if (status !== 0) {
    rmSync(PACKAGES, { recursive: true, force: true });
    throw new SetupError('pip could not install the suite; what it says is above\n');
  }
}

/** Returns the Python that can run the suite, and throws a SetupError that says what to do if there is none. */
export function findSuite() {
  const python = findPython();
  if (!existsSync(join(PACKAGES, 'autobahntestsuite'))) throw new SetupError(SUITE_HINT);
  return python;
}

function findPython() {
  const { PYTHON2, PYENV_ROOT = join(homedir(), '.pyenv') } = process.env;
  const versions = join(PYENV_ROOT, 'versions');
  const atPyenv = existsSync(versions)
    ? readdirSync(versions)
        .filter((version) => version.startsWith('2.7'))
        .map((version) => join(versions, version, 'bin/python2.7'))
    : [];
  const candidates = PYTHON2 === undefined ? ['python2.7', 'python2', ...atPyenv] : [PYTHON2];
  const found = candidates.find((candidate) => {
    const check = 'import sys, pip; sys.exit(sys.version_info[:2] != (2, 7))';
    return spawnSync(candidate, ['-c', check], { timeout: 20_000 }).status === 0;
  });
  if (found === undefined) throw new SetupError(PYTHON_HINT);
  return found;
}

/** The folder of an agent's reports, emptied. */
export function reportFolder(agent) {
  const folder = join(LOCAL, 'reports', agent);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Starts the suite; `mode` is fuzzingserver or fuzzingclient.
 *
 * @param {string} python
 * @param {string} mode
 * @param {object} spec as the suite's documentation has it
 * @param {(line: string) => void} onLine
 */
export function startSuite(python, mode, spec, onLine) {
  const path = join(spec.outdir, 'spec.json');
  writeFileSync(path, JSON.stringify(spec));
  const args = ['-u', WSTEST, PACKAGES, '--mode', mode, '--spec', path, '--webport', '0'];
  return startChild(python, args, onLine);
}

/** A port that was free a moment ago: the suite has to be told one. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
