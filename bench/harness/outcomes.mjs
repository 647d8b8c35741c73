/**
 * Remembers what has been measured and what has failed. So nothing is measured twice, and a client that keeps failing
 * in a cell is not tried there again.
 */

/** A client that has failed this often in a cell is not tried there again. */
const MAX_FAILURES = 2;

/** The outcomes of a run with a plan, with those of the run that it resumes. */
export class Outcomes {
  /** @type {Map<string, Set<number>>} rounds */
  #measured = new Map();
  /** @type {Map<string, number>} */
  #failures = new Map();

  /** @param {readonly import('../samples/record.mjs').CellRecord[]} [records] */
  constructor(records = []) {
    for (const record of records) this.add(record);
  }

  /** Whether any attempt failed. */
  get hasFailures() {
    return this.#failures.size > 0;
  }

  /** @param {import('../samples/record.mjs').CellRecord} record */
  add(record) {
    const key = keyOf(record.section, record.peer, record);
    const rounds = this.#measured.get(key) ?? new Set();
    this.#measured.set(key, rounds.add(record.round));
    if (record.failure === undefined) return;
    // Waiting for a client that hangs takes long, so it is given up after one attempt.
    const weight = record.isHang ? MAX_FAILURES : 1;
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + weight);
  }

  /**
   * @param {string} section
   * @param {string} peer
   * @param {import('../plans/cells.mjs').Cell} cell
   * @param {number} round
   */
  isWanted(section, peer, cell, round) {
    const key = keyOf(section, peer, cell);
    const isMeasured = this.#measured.get(key)?.has(round) ?? false;
    return !isMeasured && (this.#failures.get(key) ?? 0) < MAX_FAILURES;
  }
}

/**
 * @param {string} section
 * @param {string} peer
 * @param {import('../plans/cells.mjs').Cell} cell
 */
function keyOf(section, peer, { mode, size, content, connections, rate, compression }) {
  return [section, peer, mode, size, content, connections, rate, compression].join();
}
