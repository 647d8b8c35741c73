/** What `--guard` compares with, and what has to be there for it. */
import { fileURLToPath } from 'node:url';
import { UsageError } from '../harness/arguments.mjs';
import { git } from '../harness/machine.mjs';
import { Measured, readRecords } from './measured.mjs';
import { shortPath } from './write.mjs';

const RESULTS = 'results/*-targets.jsonl.gz';

/** @typedef {{ name: string, label: string, missing?: string, hint?: string }} Program */

/**
 * The newest of some files of results, whose names begin with their dates.
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
 * Refuses to compare where a server or a client is absent: with another in its place, or without it, the
 * comparison would say nothing.
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
  throw new Error(`--guard needs what is not there: ${list.join(', ')}`);
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
