/** Lists the echo servers that clients are measured with. Each prints the URL at which it listens. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isBuilt } from '../peers/wirespeed-library.mjs';
import {
  crateVersion,
  PYTHON,
  PYTHON_SERVER,
  pythonPackageVersion,
  RUST,
  SETUP_HINT,
} from '../setup/local.mjs';
import { findBun, findPackage } from '../setup/packages.mjs';

/**
 * @typedef {object} ServerProgram
 * @property {string} name as `--server` takes it
 * @property {string} label
 * @property {string} command
 * @property {string[]} args
 * @property {boolean} isStamping whether `/stamped` puts the server's times into replies
 * @property {boolean} isNeutral whether its authors made none of the clients in Node.js and Python that are compared
 * @property {string} [version]
 * @property {string} [missing] why it cannot run here
 * @property {string} [hint] how to get it
 */

/** The names that `--server` takes. */
export const SERVER_NAMES = listServers().map(({ name }) => name);

/** @returns {ServerProgram[]} */
export function listServers() {
  const bun = findBun();
  const ws = findPackage('ws');
  return [
    {
      name: 'wirespeed',
      label: "wirespeed's echo server",
      command: process.execPath,
      args: [path('wirespeed.mjs')],
      isStamping: true,
      isNeutral: false,
      ...(isBuilt('wirespeed/server') ? {} : { missing: 'not built', hint: 'npm run build' }),
    },
    {
      name: 'wirespeed-attached',
      label: "wirespeed's echo server on node:http",
      command: process.execPath,
      args: [path('wirespeed-attached.mjs')],
      isStamping: true,
      isNeutral: false,
      ...(isBuilt('wirespeed/server') ? {} : { missing: 'not built', hint: 'npm run build' }),
    },
    {
      name: 'ws',
      label: "ws's echo server",
      command: process.execPath,
      args: [path('ws.mjs')],
      isStamping: true,
      isNeutral: false,
      ...(ws ? { version: ws.version } : { missing: 'not installed', hint: 'npm install' }),
    },
    {
      name: 'bun',
      label: "Bun's echo server",
      command: bun.path ?? '',
      args: ['run', '--no-install', path('bun.mjs')],
      isStamping: false,
      isNeutral: true,
      ...(bun.path === undefined
        ? { missing: 'not installed', hint: bun.hint }
        : { version: bun.version ?? '' }),
    },
    ofRust('tokio-tungstenite'),
    ofRust('fastwebsockets'),
    ofRust('wtx'),
    ofPython('websockets'),
    ofPython('picows'),
  ];
}

/**
 * @param {string} name
 * @returns {ServerProgram}
 */
function ofRust(name) {
  return {
    name,
    label: `${name}'s echo server`,
    command: RUST,
    args: ['serve', name],
    isStamping: true,
    isNeutral: true,
    ...(existsSync(RUST)
      ? { version: crateVersion(name) ?? '' }
      : { missing: 'not built', hint: SETUP_HINT }),
  };
}

/**
 * @param {string} name
 * @returns {ServerProgram}
 */
function ofPython(name) {
  const version = pythonPackageVersion(name);
  return {
    name,
    label: `Python's ${name} echo server`,
    command: PYTHON,
    args: [PYTHON_SERVER, name],
    isStamping: true,
    isNeutral: false,
    ...(version ? { version } : { missing: 'not installed', hint: SETUP_HINT }),
  };
}

/** @param {string} relative */
function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
