/** The raw samples, as JSON lines, written as they come: what was measured survives an interruption. */
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/** A file of JSON lines; one without a path takes everything and keeps nothing. */
export class SamplesFile {
  #descriptor;

  /**
   * @param {string | undefined} path
   * @param {{ isAppending?: boolean }} [options]
   */
  constructor(path, { isAppending = false } = {}) {
    this.#descriptor = path === undefined ? undefined : openSync(path, isAppending ? 'a' : 'w');
  }

  /** @param {object} record */
  write(record) {
    if (this.#descriptor !== undefined) writeSync(this.#descriptor, `${JSON.stringify(record)}\n`);
  }

  close() {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/**
 * Reads the records of an interrupted run, and removes a last line that was cut off.
 *
 * @param {string} path
 * @returns {{ machine: any, cells: import('./record.mjs').CellRecord[] }}
 * @throws where the file is not one that can be gone on with
 */
export function readSamples(path) {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf('\n') + 1;
  const records = bytes
    .toString('utf8', 0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const machine = records[0];
  if (machine?.type !== 'machine') throw new Error(`${path} does not begin with a machine`);
  if (end < bytes.length) truncateSync(path, end);
  return { machine, cells: records.filter(({ type }) => type === 'cell') };
}
