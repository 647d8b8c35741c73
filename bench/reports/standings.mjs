/** Wirespeed's faces against the clients that take replies in the same style: every cell, losses included. */
import { slownessOf } from './measured.mjs';

/**
 * @typedef {object} Standing one face against one rival in one cell
 * @property {import('./measured.mjs').Section} section
 * @property {import('./measured.mjs').Cell} cell
 * @property {import('./measured.mjs').Row} face
 * @property {import('./measured.mjs').Row} rival
 * @property {NonNullable<ReturnType<typeof slownessOf>>} ratio the rival's time or memory over the face's
 * @property {'ahead' | 'tie' | 'behind'} outcome for the face
 */

/**
 * @param {import('./measured.mjs').Measured} measured
 * @returns {Standing[]}
 */
export function listStandings(measured) {
  const faces = [...measured.peers.values()].filter((peer) => isFace({ peer }));
  return faces.flatMap(({ name }) =>
    measured.sections.flatMap((section) =>
      section.cells.flatMap((cell) => {
        const face = measured.row(section.name, cell, name);
        return face ? standingsOf(section, cell, face, measured.rows(section, cell)) : [];
      }),
    ),
  );
}

/**
 * @param {import('./measured.mjs').Section} section
 * @param {import('./measured.mjs').Cell} cell
 * @param {import('./measured.mjs').Row} face
 * @param {readonly import('./measured.mjs').Row[]} rows
 * @returns {Standing[]}
 */
function standingsOf(section, cell, face, rows) {
  return rows
    .filter((row) => row.peer.style === face.peer.style && !row.peer.isFloor && !isFace(row))
    .flatMap((rival) => {
      const ratio = slownessOf(rival, face);
      return ratio ? { section, cell, face, rival, ratio, outcome: outcomeOf(ratio) } : [];
    });
}

/**
 * What a ratio above 1 for the better means.
 *
 * @param {{ median: number, isTie: boolean }} ratio
 */
function outcomeOf({ median, isTie }) {
  if (isTie) return 'tie';
  return median > 1 ? 'ahead' : 'behind';
}

/**
 * Whether it is a face of ours, whatever its settings, or our server.
 *
 * @param {{ peer: Pick<import('./measured.mjs').PeerFacts, 'name'> }} row
 */
export function isFace({ peer }) {
  return /^(server-)?wirespeed(-|$)/.test(peer.name);
}

/** @param {readonly Pick<Standing, 'outcome'>[]} standings */
export function countOutcomes(standings) {
  const counts = { ahead: 0, tie: 0, behind: 0 };
  for (const { outcome } of standings) counts[outcome]++;
  return counts;
}
