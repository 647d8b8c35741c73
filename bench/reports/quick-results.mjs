/** Collects what the quick tables have measured so far, and makes their rows. */

import { REFERENCE, takesPart } from '../peers/catalogue.mjs';
import { Distribution } from '../samples/distribution.mjs';
import { compareTimes, summarize } from '../samples/statistics.mjs';

/** A client that has failed this often in a cell is not tried there again. */
const MAX_FAILURES = 2;
/** Most characters of a failure that fit into its row. */
const MAX_FAILURE_LENGTH = 70;

/** The outcomes of every client in every cell. */
export class Results {
  /** @type {Map<string, { measured: Map<number, import('../samples/statistics.mjs').Measurement>, failures: string[], isGivenUp: boolean }>} */
  #entries = new Map();
  #isSharedCore;

  /** @param {boolean} isSharedCore whether server and client shared a core: then nobody can see which of them is the bottleneck */
  constructor(isSharedCore) {
    this.#isSharedCore = isSharedCore;
  }

  /**
   * @param {string} peer
   * @param {import('../plans/cells.mjs').Cell} cell
   * @param {number} round
   * @param {import('../harness/client-process.mjs').Outcome} outcome
   * @param {number} ticks clock ticks per second
   */
  add(peer, cell, round, { result, failure, isHang }, ticks) {
    const entry = this.#entry(peer, cell);
    if (result) {
      entry.measured.set(round, {
        times: Distribution.of(result.times),
        messages: result.messages,
        elapsed: result.elapsed,
        clientUser: result.clientUser,
        clientSystem: result.clientSystem,
        serverCpu: serverMicros(result.serverTicks, ticks),
      });
      return;
    }
    entry.failures.push(failure ?? 'failed without saying why');
    entry.isGivenUp = isHang === true || entry.failures.length >= MAX_FAILURES;
  }

  /** Whether any attempt failed. */
  get hasFailures() {
    return [...this.#entries.values()].some(({ failures }) => failures.length > 0);
  }

  /**
   * @param {string} peer
   * @param {import('../plans/cells.mjs').Cell} cell
   */
  isGivenUp(peer, cell) {
    return this.#entry(peer, cell).isGivenUp;
  }

  /**
   * @param {readonly import('../peers/catalogue.mjs').Peer[]} peers
   * @param {import('../plans/cells.mjs').Cell} cell
   * @returns {{ rows: import('./table.mjs').Row[], notes: string[] }}
   */
  table(peers, cell) {
    const notes = /** @type {string[]} */ ([]);
    const reference = this.#entry(REFERENCE, cell).measured;
    const present = peers.filter((peer) => takesPart(peer, cell));
    const rows = present.map((peer) => {
      const row = { client: peer.label, style: peer.style };
      if (peer.missing) return { ...row, failure: `absent: ${peer.missing}, see below` };
      const { measured, failures } = this.#entry(peer.name, cell);
      const first = failures[0] ?? '';
      if (first !== '' && (measured.size > 0 || first.length > MAX_FAILURE_LENGTH)) {
        const attempts = measured.size + failures.length;
        notes.push(`${peer.label}: ${failures.length} of ${attempts} attempts failed: ${first}`);
      }
      if (measured.size === 0) return { ...row, failure: first || 'not measured' };
      const summary = summarize(measured);
      const isServerSaturated = !this.#isSharedCore && summary.isServerSaturated;
      const isReference = peer.name === REFERENCE;
      const ratio = isReference ? undefined : compareTimes(measured, reference);
      return { ...row, ...summary, isServerSaturated, isReference, ratio };
    });
    return { rows, notes };
  }

  /**
   * @param {string} peer
   * @param {import('../plans/cells.mjs').Cell} cell
   */
  #entry(peer, cell) {
    const key = `${peer} ${cell.mode} ${cell.size}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { measured: new Map(), failures: [], isGivenUp: false };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/**
 * @param {import('../peers/measure.mjs').Ticks | undefined} serverTicks
 * @param {number} ticks clock ticks per second
 */
function serverMicros(serverTicks, ticks) {
  return serverTicks && ((serverTicks.user + serverTicks.system) / ticks) * 1e6;
}
