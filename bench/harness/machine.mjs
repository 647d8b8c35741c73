/** Describes what the figures depend on: the machine, the versions, the commit. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import {
  comparedCrates,
  crateVersion,
  pythonPackageVersion,
  pythonVersion,
} from '../setup/local.mjs';
import { findBun, findDeno, findPackage } from '../setup/packages.mjs';

/** @param {readonly string[]} flags the command line */
export function describeMachine(flags) {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return {
    cpu: os.cpus()[0]?.model.trim() || 'unknown CPU',
    cores: os.cpus().length,
    memory: os.totalmem(),
    system: `${os.type()} ${os.release()} ${process.arch}`,
    loadAverage: os.loadavg().map((load) => Math.round(load * 100) / 100),
    date: new Date().toISOString(),
    commit: git(['rev-parse', '--short=12', 'HEAD']),
    isModified: git(['status', '--porcelain', '--untracked-files=no']) !== '',
    flags,
    versions: {
      wirespeed: version,
      node: process.versions.node,
      v8: process.versions.v8,
      ws: findPackage('ws')?.version,
      bufferutil: findPackage('bufferutil')?.version,
      undici: findPackage('undici')?.version,
      bun: findBun().version,
      deno: findDeno().version,
      python: pythonVersion(),
      ...Object.fromEntries(
        ['picows', 'websocket-rs', 'websockets', 'websocket-client', 'aiohttp', 'uvloop'].map(
          (name) => [name, pythonPackageVersion(name)],
        ),
      ),
      ...Object.fromEntries(comparedCrates().map((name) => [name, crateVersion(name)])),
    },
  };
}

/** Clock ticks per second, the unit of a process's times in /proc. */
export function ticksPerSecond() {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
}

/**
 * Runs git in the folder of the benchmark, and returns its output. Without git or a repository that is an empty
 * string.
 *
 * @param {string[]} args
 */
export function git(args) {
  try {
    const cwd = new URL('..', import.meta.url);
    return execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
