/** Compares the clients and the server of Wirespeed with others of the same style, in every cell, losses included. */
import { POLLING_TWINS } from '../peers/variants.mjs';
import { slownessOf } from './measured.mjs';

/**
 * @typedef {object} Standing one client of Wirespeed, or its server, against one rival in one cell
 * @property {import('./measured.mjs').Section} section
 * @property {import('./measured.mjs').Cell} cell
 * @property {import('./measured.mjs').Row} ours
 * @property {import('./measured.mjs').Row} rival
 * @property {NonNullable<ReturnType<typeof slownessOf>>} ratio the rival's time or memory over ours
 * @property {'ahead' | 'tie' | 'behind'} outcome for us
 */

/**
 * @param {import('./measured.mjs').Measured} measured
 * @returns {Standing[]}
 */
export function listStandings(measured) {
  // Polling turned off is there for comparison. Who compares clients takes them as they are.
  const wirespeed = [...measured.peers.values()].filter(
    (peer) => isWirespeed({ peer }) && !POLLING_TWINS.includes(peer.name),
  );
  return wirespeed.flatMap(({ name }) =>
    measured.sections.flatMap((section) =>
      section.cells.flatMap((cell) => {
        const ours = measured.row(section.name, cell, name);
        return ours ? standingsOf(section, cell, ours, measured.rows(section, cell)) : [];
      }),
    ),
  );
}

/**
 * @param {import('./measured.mjs').Section} section
 * @param {import('./measured.mjs').Cell} cell
 * @param {import('./measured.mjs').Row} ours
 * @param {readonly import('./measured.mjs').Row[]} rows
 * @returns {Standing[]}
 */
function standingsOf(section, cell, ours, rows) {
  return rows
    .filter((row) => row.peer.style === ours.peer.style && !row.peer.isFloor && !isWirespeed(row))
    .flatMap((rival) => {
      const ratio = slownessOf(rival, ours);
      return ratio ? { section, cell, ours, rival, ratio, outcome: outcomeOf(ratio) } : [];
    });
}

/**
 * Names the outcome of a ratio, which is above 1 if we are better.
 *
 * @param {{ median: number, isTie: boolean }} ratio
 */
function outcomeOf({ median, isTie }) {
  if (isTie) return 'tie';
  return median > 1 ? 'ahead' : 'behind';
}

/**
 * Whether a row is of a client of Wirespeed, with any settings, or of its server.
 *
 * @param {{ peer: Pick<import('./measured.mjs').PeerFacts, 'name'> }} row
 */
export function isWirespeed({ peer }) {
  return /^(server-)?wirespeed(-|$)/.test(peer.name);
}

/** @param {readonly Pick<Standing, 'outcome'>[]} standings */
export function countOutcomes(standings) {
  const counts = { ahead: 0, tie: 0, behind: 0 };
  for (const { outcome } of standings) counts[outcome]++;
  return counts;
}
