/** Finds what `npm run bench:setup` has put into `.local`: Python's libraries, and the programs in Rust and C. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const SETUP_HINT = 'npm run bench:setup';

export const PYTHON = path('../.local/python/bin/python');
export const PYTHON_DRIVER = path('../python/driver.py');
export const PYTHON_SERVER = path('../python/serve.py');
export const RUST = path(
  `../.local/rust/release/wirespeed-bench-rust${process.platform === 'win32' ? '.exe' : ''}`,
);
export const FLOOR = path('../.local/floor/floor');

/**
 * Returns the version of a Python package in the virtual environment; undefined if it is not installed.
 *
 * @param {string} name as PyPI spells it
 */
export function pythonPackageVersion(name) {
  return pythonPackages().get(name.toLowerCase());
}

/** @type {Map<string, string> | undefined} */
let found;

function pythonPackages() {
  if (found) return found;
  found = new Map();
  if (!existsSync(PYTHON)) return found;
  const library = path('../.local/python/lib');
  for (const version of readdirSync(library)) {
    for (const entry of readdirSync(`${library}/${version}/site-packages`)) {
      const info = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
      if (info) found.set(String(info[1]).replaceAll('_', '-').toLowerCase(), String(info[2]));
    }
  }
  return found;
}

/** Returns the version of the interpreter in the virtual environment. */
export function pythonVersion() {
  try {
    const config = readFileSync(path('../.local/python/pyvenv.cfg'), 'utf8');
    return /^version = (.+)$/m.exec(config)?.[1];
  } catch {
    return undefined;
  }
}

/** Returns the names of the WebSocket libraries in Rust, the only ones that the manifest pins. */
export function comparedCrates() {
  const manifest = readFileSync(path('../rust/Cargo.toml'), 'utf8');
  const pinned = manifest.matchAll(/^(\S+) = (?:\{ version = )?"=/gm);
  return [...pinned].map(([, name]) => String(name));
}

/** Returns the version of a crate that the programs in Rust are locked to. @param {string} name */
export function crateVersion(name) {
  const lock = readFileSync(path('../rust/Cargo.lock'), 'utf8');
  return new RegExp(`^name = "${name}"\nversion = "(.+)"$`, 'm').exec(lock)?.[1];
}

/** @param {string} relative */
function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
