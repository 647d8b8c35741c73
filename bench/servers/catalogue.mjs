/** The echo servers that a client can be measured against. Each prints where it listens. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findBun, findPackage } from '../packages.mjs';

/**
 * @typedef {object} ServerProgram
 * @property {string} name as `--server` takes it
 * @property {string} label
 * @property {string} command
 * @property {string[]} args
 * @property {string} [missing] why it cannot run here
 * @property {string} [hint] how to get it
 */

/** @returns {ServerProgram[]} */
export function listServers() {
  const cli = path('../../dist/cli/main.js');
  const bun = findBun();
  return [
    {
      name: 'wirespeed',
      label: "wirespeed's echo server",
      command: process.execPath,
      args: [cli, 'echo', '--port', '0'],
      ...(existsSync(cli) ? {} : { missing: 'not built', hint: 'npm run build' }),
    },
    {
      name: 'ws',
      label: "ws's echo server",
      command: process.execPath,
      args: [path('ws.mjs')],
      ...(findPackage('ws') ? {} : { missing: 'not installed', hint: 'npm install' }),
    },
    {
      name: 'bun',
      label: "Bun's echo server",
      command: bun.path ?? '',
      args: ['run', '--no-install', path('bun.mjs')],
      ...(bun.path === undefined ? { missing: 'not installed', hint: bun.hint } : {}),
    },
  ];
}

/** @param {string} relative */
function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
