/** Lists every client that is compared: its name, how it takes replies, what runs it, and whether it is installed. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { listServers } from '../servers/catalogue.mjs';
import {
  crateVersion,
  FLOOR,
  PYTHON,
  PYTHON_DRIVER,
  pythonPackageVersion,
  RUST,
  SETUP_HINT,
} from '../setup/local.mjs';
import { findBun, findDeno, findPackage } from '../setup/packages.mjs';
import { listVariants, POLLING_TWINS } from './variants.mjs';
import { isBuilt } from './wirespeed-library.mjs';

export const REFERENCE = 'ws';

const DRIVER = fileURLToPath(new URL('driver.mjs', import.meta.url));

/**
 * @typedef {object} Peer
 * @property {string} name as `--peer` takes it
 * @property {string} label as the table shows it
 * @property {string} style how it takes replies; only clients of the same style are compared
 * @property {string} language that its user writes
 * @property {boolean} [isFloor] whether it is a floor: no client, but a socket that shows the least that one could cost
 * @property {string} [module] in this directory, for those that JavaScript drives
 * @property {string} command
 * @property {string[]} args before the work, which is JSON
 * @property {Record<string, string>} [env]
 * @property {object} [options] of the library's connect
 * @property {string} [server] the server that it loads, in place of the section's
 * @property {boolean} [isVariant] whether it is another peer with different settings
 * @property {readonly string[]} [modes] the modes of the cells that it takes part in; all by default
 * @property {string} [version]
 * @property {string} [missing] why it cannot run here
 * @property {string} [hint] how to get it
 */

/** The clients that `npm run bench` measures: all that npm installs. */
export const QUICK_PEERS = [
  'wirespeed-sync',
  'wirespeed-async',
  'wirespeed-events',
  'ws',
  'undici',
  'bun',
  'deno',
  'net',
  ...POLLING_TWINS,
];

/**
 * Whether a client takes part in a cell.
 *
 * @param {Pick<Peer, 'modes'>} peer
 * @param {Pick<import('../plans/cells.mjs').Cell, 'mode'>} cell
 */
export function takesPart({ modes }, { mode }) {
  return modes === undefined || modes.includes(mode);
}

/** The names that `--peer` takes, each with the peers that it stands for. */
export const PEER_GROUPS = peerGroups(listPeers());

/** @param {Peer[]} peers */
function peerGroups(peers) {
  const groups = new Map();
  for (const { name, isVariant } of peers) {
    if (isVariant) continue;
    const family = /^(wirespeed|websocket-rs|picows|websockets)-/.exec(name)?.[1];
    if (family) groups.set(family, [...(groups.get(family) ?? []), name]);
  }
  for (const { name } of peers) groups.set(name, [...(groups.get(name) ?? []), name]);
  return /** @type {ReadonlyMap<string, string[]>} */ (groups);
}

/** @returns {Peer[]} in the order of the tables */
export function listPeers() {
  const peers = listComparedPeers();
  const variants = listVariants(listServers()).flatMap(({ of, ...variant }) =>
    peers
      .filter(({ name }) => name === of)
      .map((peer) => ({ ...peer, ...variant, isVariant: true })),
  );
  return [...peers, ...variants];
}

/** @returns {Peer[]} */
function listComparedPeers() {
  const bun = findBun();
  const deno = findDeno();
  const denoFlags = [
    '--quiet',
    '--v8-flags=--expose-gc',
    '--allow-all',
    '--no-config',
    '--no-lock',
    '--no-remote',
  ];
  return [
    ours('sync', 'wirespeed/sync', 'blocking'),
    ours('async', 'wirespeed', 'await'),
    ours('events', 'wirespeed/events', 'callback'),
    fromPackage('ws', { label: wsLabel() }),
    fromPackage('undici'),
    ofNode(),
    fromPackage('websocket', { label: 'websocket (npm)' }),
    fromPackage('faye-websocket'),
    ofRuntime('bun', bun, ['run', '--no-install']),
    ofRuntime('deno', deno, ['run', ...denoFlags]),
    ofPython('picows', 'picows', 'callback'),
    ofPython('picows-websockets', 'picows', 'await', 'picows.websockets'),
    ofPython('picows-as-published', 'picows', 'await', 'picows as published'),
    ofPython('websocket-rs-sync', 'websocket-rs', 'blocking', 'websocket-rs sync'),
    ofPython('websocket-rs-async', 'websocket-rs', 'await', 'websocket-rs async'),
    ofPython('websocket-rs-callback', 'websocket-rs', 'callback', 'websocket-rs callback'),
    ofPython('websocket-rs-tokio', 'websocket-rs', 'await', 'websocket-rs Tokio'),
    ofPython('websocket-client', 'websocket-client', 'blocking'),
    ofPython('websockets-sync', 'websockets', 'blocking', 'websockets sync'),
    ofPython('websockets-async', 'websockets', 'await', 'websockets async'),
    ofPython('aiohttp', 'aiohttp', 'await'),
    ofRust('tokio-tungstenite'),
    ofRust('fastwebsockets'),
    ofRust('wtx'),
    {
      ...ofJavaScript('net', 'net.mjs', 'callback'),
      label: 'floor: net.Socket',
      isFloor: true,
    },
    floorInC(),
  ];
}

/**
 * @param {string} name
 * @param {string} module
 * @param {string} style
 */
function ofJavaScript(name, module, style) {
  const args = [DRIVER];
  return { name, label: name, style, language: 'Node.js', module, command: process.execPath, args };
}

/**
 * @param {string} client
 * @param {string} importName
 * @param {string} style
 * @returns {Peer}
 */
function ours(client, importName, style) {
  const name = `wirespeed-${client}`;
  const peer = {
    ...ofJavaScript(name, `${name}.mjs`, style),
    label: `wirespeed ${client}°`,
  };
  if (isBuilt(importName)) return peer;
  return { ...peer, missing: 'not built', hint: 'npm run build' };
}

/**
 * @param {string} name
 * @param {{ label?: string }} [rest]
 * @returns {Peer}
 */
function fromPackage(name, rest) {
  const found = findPackage(name);
  const peer = { ...ofJavaScript(name, `${name}.mjs`, 'callback'), ...rest };
  return found
    ? { ...peer, version: found.version }
    : { ...peer, missing: 'not installed', hint: 'npm install' };
}

function wsLabel() {
  return findPackage('bufferutil') ? 'ws + bufferutil' : 'ws (no bufferutil)';
}

/** @returns {Peer} the global `WebSocket` of this Node.js */
function ofNode() {
  const peer = {
    ...ofJavaScript('node', 'runtime-websocket.mjs', 'callback'),
    label: 'Node.js WebSocket',
    version: process.versions.node,
  };
  if (typeof globalThis.WebSocket === 'function') return peer;
  // Node.js 20 has it only behind a flag.
  return { ...peer, args: ['--experimental-websocket', ...peer.args] };
}

/**
 * @param {string} name
 * @param {import('../setup/packages.mjs').Runtime} runtime
 * @param {string[]} args
 * @returns {Peer}
 */
function ofRuntime(name, runtime, args) {
  const peer = {
    ...ofJavaScript(name, 'runtime-websocket.mjs', 'callback'),
    label: `${runtime.name} WebSocket`,
    language: runtime.name,
    args: [...args, DRIVER],
  };
  if (runtime.path === undefined) {
    return { ...peer, command: '', missing: 'not installed', hint: runtime.hint };
  }
  return { ...peer, command: runtime.path, version: runtime.version ?? '' };
}

/**
 * @param {string} name
 * @param {string} packageName
 * @param {string} style
 * @param {string} [label]
 * @returns {Peer}
 */
function ofPython(name, packageName, style, label = name) {
  const version = pythonPackageVersion(packageName);
  const args = [PYTHON_DRIVER, name];
  const peer = { name, label, style, language: 'Python', command: PYTHON, args };
  return version ? { ...peer, version } : { ...peer, missing: 'not installed', hint: SETUP_HINT };
}

/**
 * @param {string} name
 * @returns {Peer}
 */
function ofRust(name) {
  const peer = { name, label: name, style: 'await', language: 'Rust' };
  const program = { command: RUST, args: ['client', name] };
  return existsSync(RUST)
    ? { ...peer, ...program, version: crateVersion(name) ?? '' }
    : { ...peer, ...program, missing: 'not built', hint: SETUP_HINT };
}

/** @returns {Peer} */
function floorInC() {
  const peer = {
    name: 'floor-c',
    label: 'floor: C, blocking',
    style: 'blocking',
    language: 'C',
    isFloor: true,
    command: FLOOR,
    args: [],
  };
  return existsSync(FLOOR) ? peer : { ...peer, missing: 'not built', hint: SETUP_HINT };
}
