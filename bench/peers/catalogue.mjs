/** Every client that is compared: its name, how it takes replies, what runs it, and whether it is there. */
import process from 'node:process';
import { findBun, findDeno, findPackage } from '../packages.mjs';
import { isBuilt } from './wirespeed-library.mjs';

export const REFERENCE = 'ws';

/**
 * @typedef {object} Peer
 * @property {string} name as `--peer` takes it
 * @property {string} label as the table shows it
 * @property {string} style how it takes replies: like is to be compared with like
 * @property {string} module in this directory
 * @property {string} command
 * @property {string[]} args before the driver's own
 * @property {string} [version]
 * @property {string} [missing] why it cannot run here
 * @property {string} [hint] how to get it
 */

/** The names that `--peer` takes, each with the peers it stands for. */
export const PEER_GROUPS = new Map([
  ['wirespeed', ['wirespeed-sync', 'wirespeed-async', 'wirespeed-events']],
  ...[
    'wirespeed-sync',
    'wirespeed-async',
    'wirespeed-events',
    'ws',
    'undici',
    'bun',
    'deno',
    'net',
  ].map((name) => /** @type {[string, string[]]} */ ([name, [name]])),
]);

/** @returns {Peer[]} in the order of the tables */
export function listPeers() {
  const node = { command: process.execPath, args: [] };
  const bun = findBun();
  const deno = findDeno();
  return [
    { ...node, ...ours('sync', 'wirespeed/sync'), style: 'blocking' },
    { ...node, ...ours('async', 'wirespeed'), style: 'await' },
    { ...node, ...ours('events', 'wirespeed/events'), style: 'callback' },
    { ...node, ...fromPackage('ws'), label: wsLabel(), style: 'callback' },
    { ...node, ...fromPackage('undici'), style: 'callback' },
    { ...ofRuntime(bun, ['run', '--no-install']), name: 'bun', style: 'callback' },
    {
      ...ofRuntime(deno, [
        'run',
        '--quiet',
        '--allow-all',
        '--no-config',
        '--no-lock',
        '--no-remote',
      ]),
      name: 'deno',
      style: 'callback',
    },
    { ...node, name: 'net', label: 'floor: net.Socket', style: 'callback', module: 'net.mjs' },
  ];
}

/**
 * @param {string} face
 * @param {string} importName
 */
function ours(face, importName) {
  const peer = {
    name: `wirespeed-${face}`,
    label: `wirespeed ${face}`,
    module: `wirespeed-${face}.mjs`,
  };
  if (isBuilt(importName)) return peer;
  return { ...peer, missing: 'not built', hint: 'npm run build' };
}

/** @param {string} name */
function fromPackage(name) {
  const found = findPackage(name);
  const peer = { name, label: name, module: `${name}.mjs` };
  return found
    ? { ...peer, version: found.version }
    : { ...peer, missing: 'not installed', hint: 'npm install' };
}

function wsLabel() {
  return findPackage('bufferutil') ? 'ws + bufferutil' : 'ws (no bufferutil)';
}

/**
 * @param {import('../packages.mjs').Runtime} runtime
 * @param {string[]} args
 */
function ofRuntime(runtime, args) {
  const peer = { label: `${runtime.name} WebSocket`, module: 'runtime-websocket.mjs', args };
  if (runtime.path === undefined) {
    return { ...peer, command: '', missing: 'not installed', hint: runtime.hint };
  }
  return { ...peer, command: runtime.path, version: runtime.version ?? '' };
}
