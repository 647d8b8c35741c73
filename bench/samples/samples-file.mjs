/** Writes and reads samples as JSON lines. Each is written as soon as it is there, so an interrupted run keeps what it has. */
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/** A file of JSON lines. Without a path it drops everything that is written. */
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
 * @throws {Error} if it is not the file of a run
 */
export function readSamples(path) {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf('\n') + 1;
  const samples = parseSamples(bytes.toString(), path);
  if (end < bytes.length) truncateSync(path, end);
  return samples;
}

/**
 * Parses the text of a samples file. A last line that was cut off is left out.
 *
 * @param {string} text
 * @param {string} path for messages
 * @returns {{ machine: any, cells: import('./record.mjs').CellRecord[] }}
 * @throws {Error} if a run has not written it
 */
export function parseSamples(text, path) {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const records = lines.flatMap((line, index) => {
    if (line === '') return [];
    try {
      return [JSON.parse(line)];
    } catch {
      throw new Error(`${path}:${index + 1} is not JSON`);
    }
  });
  const machine = records[0];
  if (machine?.type !== 'machine') throw new Error(`${path} does not begin with a machine`);
  return { machine, cells: records.filter(({ type }) => type === 'cell') };
}
