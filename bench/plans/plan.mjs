/** The plans: what is measured by a flag, in sections of some clients and cells on one server. */
import { seedSections } from './seed.mjs';

/**
 * @typedef {object} Section
 * @property {string} name in the samples' file
 * @property {string} title
 * @property {string} server
 * @property {readonly string[]} peers
 * @property {readonly import('../cells.mjs').Cell[]} cells
 * @property {boolean} [isSameCore] whether server and client share a core
 */

/**
 * @typedef {object} Plan
 * @property {number} rounds
 * @property {number} cellTime milliseconds measured per cell and round
 * @property {(peers: readonly string[]) => Section[]} sections of the clients there are
 */

/** Plans by the flag that asks for them. */
export const PLANS = /** @type {Record<string, Plan>} */ ({
  seed: { rounds: 7, cellTime: 120, sections: seedSections },
});

/**
 * Leaves what the flags name.
 *
 * @param {readonly Section[]} sections
 * @param {Pick<import('../arguments.mjs').BenchOptions, 'peers' | 'sizes' | 'modes' | 'servers'>} filters
 * @returns {Section[]}
 */
export function filterSections(sections, { peers, sizes, modes, servers }) {
  return sections
    .filter(({ server }) => servers?.includes(server) ?? true)
    .map((section) => ({
      ...section,
      peers: section.peers.filter((name) => peers?.includes(name) ?? true),
      cells: section.cells.filter(
        ({ mode, size }) => (sizes?.includes(size) ?? true) && (modes?.includes(mode) ?? true),
      ),
    }))
    .filter((section) => section.peers.length > 0 && section.cells.length > 0);
}
