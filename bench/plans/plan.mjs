/** The plans. A flag chooses one. Each has sections, and a section measures some clients in some cells on one server. */
import { serverPeerName } from '../peers/variants.mjs';
import { fullSections } from './full.mjs';
import { guardSections } from './guard.mjs';
import { seedSections } from './seed.mjs';
import { syncSections } from './sync.mjs';
import { targetsSections } from './targets.mjs';

/**
 * @typedef {object} Section
 * @property {string} name in the samples' file
 * @property {string} title
 * @property {string} server its name, or `each` where every client of the section names another server
 * @property {readonly string[]} peers
 * @property {readonly import('./cells.mjs').Cell[]} cells
 * @property {boolean} [isSameCore] whether server and client share a core
 * @property {boolean} [isTls]
 * @property {boolean} [isCompressed] whether the server compresses
 * @property {boolean} [isServerFresh] whether the server is started anew for every client
 * @property {boolean} [isServerEssential] whether no other server may take the place of this one
 */

/**
 * @typedef {object} Plan
 * @property {number} rounds
 * @property {number} cellTime milliseconds measured per cell and round
 * @property {(peers: readonly string[]) => Section[]} sections made for the clients given
 */

/** Plans by the flag that asks for them. */
export const PLANS = /** @type {Record<string, Plan>} */ ({
  seed: { rounds: 7, cellTime: 120, sections: seedSections },
  full: { rounds: 7, cellTime: 120, sections: fullSections },
  sync: { rounds: 7, cellTime: 120, sections: syncSections },
  targets: { rounds: 7, cellTime: 120, sections: targetsSections },
  guard: { rounds: 5, cellTime: 120, sections: guardSections },
});

/**
 * Keeps only the clients, sizes, modes and servers that the flags name.
 *
 * @param {readonly Section[]} sections
 * @param {Pick<import('../harness/arguments.mjs').BenchOptions, 'peers' | 'sizes' | 'modes' | 'servers'>} filters
 * @returns {Section[]}
 */
export function filterSections(sections, { peers, sizes, modes, servers }) {
  return sections
    .filter(({ server }) => server === EACH || (servers?.includes(server) ?? true))
    .map((section) => ({
      ...section,
      peers: section.peers.filter((name) => {
        const isServers = section.server === EACH && servers !== undefined;
        if (isServers) return servers.some((server) => name === serverPeerName(server));
        return peers?.includes(name) ?? true;
      }),
      cells: section.cells.filter(
        ({ mode, size }) => (sizes?.includes(size) ?? true) && (modes?.includes(mode) ?? true),
      ),
    }))
    .filter((section) => section.peers.length > 0 && section.cells.length > 0);
}

/** The `server` of a section in which every client names another server. */
export const EACH = 'each';

/**
 * The servers that take the place of one that is not installed, in this order: neutral ones first, the ones that are
 * always installed last.
 */
const SUBSTITUTES = ['tokio-tungstenite', 'fastwebsockets', 'bun', 'wirespeed', 'ws'];

/**
 * Gives a section another server if its own is not installed, unless that one is essential. Two servers that are
 * missing get two different substitutes.
 *
 * @param {readonly Section[]} sections
 * @param {readonly string[]} present names of servers
 * @returns {Section[]}
 */
export function chooseServers(sections, present) {
  /** @type {Map<string, string | undefined>} */
  const chosen = new Map();
  const free = SUBSTITUTES.filter(
    (name) => present.includes(name) && !sections.some(({ server }) => server === name),
  );
  for (const { server } of sections) {
    if (server !== EACH && !present.includes(server) && !chosen.has(server))
      chosen.set(server, free.shift());
  }
  return sections.map((section) => {
    const server = section.isServerEssential ? undefined : chosen.get(section.server);
    if (!server) return section;
    const title = `${section.title} (on ${server} instead of ${section.server}, which is not installed)`;
    return { ...section, title, server };
  });
}
