/** Chooses the cores that the server and the clients are pinned to, if that is possible on this machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Pinning
 * @property {number | undefined} server core; undefined when nothing is pinned
 * @property {number | undefined} client core
 * @property {boolean} isShared whether server and client may compete for one core
 * @property {string} description
 */

/**
 * @param {boolean} sameCore
 * @returns {Pinning}
 */
export function choosePinning(sameCore) {
  const allowed = allowedCores();
  if (allowed.length === 0) return unpinned('this system does not say which cores there are');
  const cores = pickCores(allowed, siblingsOf(/** @type {number} */ (allowed[0])), sameCore);
  for (const core of new Set([cores.server, cores.client])) {
    const { status, error } = spawnSync('taskset', ['-c', String(core), 'true'], {
      stdio: 'ignore',
    });
    if (error) return unpinned('there is no taskset');
    if (status !== 0) return unpinned(`taskset failed on core ${core}`);
  }
  return cores;
}

/**
 * Chooses among the cores allowed: the first for the server, and for the clients the first that is not a
 * hardware thread of the same physical core.
 *
 * @param {readonly number[]} allowed
 * @param {readonly number[]} siblings hardware threads that share the first one's physical core
 * @param {boolean} sameCore
 * @returns {Pinning & { server: number, client: number }}
 */
export function pickCores(allowed, siblings, sameCore) {
  const [server = 0, ...others] = allowed;
  const separate = others.find((core) => !siblings.includes(core));
  const client = sameCore ? server : (separate ?? others[0] ?? server);
  const isShared = client === server;
  let description = `server pinned to core ${server}, clients to core ${client}`;
  if (isShared) {
    const why = sameCore ? '--same-core' : 'there is no other';
    description = `server and clients all pinned to core ${server} (${why})`;
  } else if (separate === undefined) {
    description += ', two hardware threads of one physical core';
  }
  return { server, client, isShared, description: `${description}, by taskset` };
}

/**
 * Reads a list such as `0-2,5`.
 *
 * @param {string} text
 */
export function parseCoreList(text) {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/**
 * The command line that runs a program on one core.
 *
 * @param {number | undefined} core
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {[string, string[]]}
 */
export function pinned(core, command, args) {
  return core === undefined
    ? [command, [...args]]
    : ['taskset', ['-c', String(core), command, ...args]];
}

/**
 * @param {string} why
 * @returns {Pinning}
 */
function unpinned(why) {
  return {
    server: undefined,
    client: undefined,
    isShared: true,
    description: `nothing is pinned: ${why}`,
  };
}

function allowedCores() {
  const status = readText('/proc/self/status');
  return parseCoreList(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? '');
}

/** @param {number} core */
function siblingsOf(core) {
  return parseCoreList(
    readText(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`),
  );
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
