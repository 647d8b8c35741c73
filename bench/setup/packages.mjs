/** Finds what npm has installed: versions of packages, and the binaries of Bun and Deno for this platform. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';

const require = createRequire(import.meta.url);

/**
 * @typedef {object} Runtime
 * @property {string} name for people
 * @property {string} packageName
 * @property {string | undefined} path of the binary; undefined if it is not installed
 * @property {string | undefined} version
 * @property {string} hint how to get it
 */

/**
 * Returns the directory and version of a package; undefined if it is not installed.
 *
 * @param {string} name
 */
export function findPackage(name) {
  try {
    const path = require.resolve(`${name}/package.json`);
    return {
      directory: dirname(path),
      version: String(JSON.parse(readFileSync(path, 'utf8')).version),
    };
  } catch {
    return undefined;
  }
}

/** @returns {Runtime} */
export function findBun() {
  return findRuntime('Bun', bunPackage(process.platform, process.arch), 'bin/bun');
}

/** @returns {Runtime} */
export function findDeno() {
  return findRuntime('Deno', denoPackage(process.platform, process.arch), 'deno');
}

/**
 * @param {string} platform
 * @param {string} arch
 */
export function bunPackage(platform, arch) {
  const system = platform === 'win32' ? 'windows' : platform;
  return `@oven/bun-${system}-${arch === 'arm64' ? 'aarch64' : arch}`;
}

/**
 * @param {string} platform
 * @param {string} arch
 */
export function denoPackage(platform, arch) {
  return `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`;
}

/**
 * @param {string} name
 * @param {string} packageName
 * @param {string} binary
 * @returns {Runtime}
 */
function findRuntime(name, packageName, binary) {
  const found = findPackage(packageName);
  const path =
    found && join(found.directory, binary + (process.platform === 'win32' ? '.exe' : ''));
  const isPresent = path !== undefined && existsSync(path);
  return {
    name,
    packageName,
    path: isPresent ? path : undefined,
    version: isPresent ? found?.version : undefined,
    hint: `npm install --no-save ${packageName}${pinnedVersion(packageName)}`,
  };
}

/** @param {string} packageName */
function pinnedVersion(packageName) {
  const { optionalDependencies } = require('../package.json');
  const version = new Map(Object.entries(optionalDependencies)).get(packageName);
  return version ? `@${version}` : '';
}
