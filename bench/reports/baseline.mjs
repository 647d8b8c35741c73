/** Finds the earlier run that `--guard` compares with, and checks that all it has to measure is installed. */
import { fileURLToPath } from 'node:url';
import { UsageError } from '../harness/arguments.mjs';
import { git } from '../harness/machine.mjs';
import { Measured, readRecords } from './measured.mjs';
import { shortPath } from './write.mjs';

const RESULTS = 'results/*-targets.jsonl.gz';

/** @typedef {{ name: string, label: string, missing?: string, hint?: string }} Program */

/**
 * Returns the newest of some results files. Their names begin with their dates.
 *
 * @param {readonly string[]} paths
 */
export function newestOf(paths) {
  return [...paths].sort().at(-1);
}

/**
 * Reads the run to compare with: the one named, or else the newest with `--targets` that is committed.
 *
 * @param {string | undefined} against
 * @returns {{ path: string, measured: Measured }}
 * @throws {Error} where there is none
 */
export function readBaseline(against) {
  const path = against ?? newestCommitted();
  try {
    return { path: shortPath(path), measured: new Measured(readRecords(path)) };
  } catch (error) {
    const reason = /** @type {Error} */ (error).message;
    throw new UsageError(`there is nothing to compare with: ${reason}`);
  }
}

/**
 * Throws if a server or a client is not installed. Without it, or with another in its place, the comparison
 * would say nothing.
 *
 * @param {readonly import('../plans/plan.mjs').Section[]} sections
 * @param {readonly Program[]} servers
 * @param {readonly Program[]} peers
 * @throws {Error}
 */
export function requirePrograms(sections, servers, peers) {
  const absent = [
    ...servers.filter(({ name }) => sections.some(({ server }) => server === name)),
    ...peers.filter(({ name }) => sections.some((section) => section.peers.includes(name))),
  ].filter(({ missing }) => missing);
  if (absent.length === 0) return;
  const list = absent.map(({ label, missing, hint }) => `${label} (${missing}; ${hint})`);
  throw new Error(`--guard cannot run without these: ${list.join(', ')}`);
}

function newestCommitted() {
  const folder = new URL('..', import.meta.url);
  const listed = git(['ls-files', '--', RESULTS]).split('\n');
  const newest = newestOf(listed.filter((name) => name !== ''));
  if (newest !== undefined) return fileURLToPath(new URL(newest, folder));
  throw new Error(
    `no bench/${RESULTS} is committed to compare with; --against FILE names samples of npm run bench:targets`,
  );
}
