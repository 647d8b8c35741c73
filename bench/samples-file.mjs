/** The raw samples, as JSON lines, written as they come: what was measured survives an interruption. */
import { closeSync, openSync, writeSync } from 'node:fs';

/** A file of JSON lines; one without a path takes everything and keeps nothing. */
export class SamplesFile {
  #descriptor;

  /** @param {string | undefined} path */
  constructor(path) {
    this.#descriptor = path === undefined ? undefined : openSync(path, 'w');
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
