/** Whether two runs of the same plan say the same of every two clients, where both can tell them apart. */
import { cellTitle } from '../cells.mjs';
import { isMeasured, slownessOf } from './measured.mjs';
import { factorText } from './wording.mjs';

/** @typedef {import('./measured.mjs').Measured} Measured */

/**
 * @typedef {object} Contradiction two clients of which each was the slower one once
 * @property {import('./measured.mjs').Section} section
 * @property {import('./measured.mjs').Cell} cell
 * @property {[string, string]} labels
 * @property {number} before how many times as long as the second the first took
 * @property {number} now
 */

/**
 * @typedef {object} Agreement counts of pairs of clients in one cell that both runs measured
 * @property {number} pairs
 * @property {number} decided apart in both runs
 * @property {number} tiedOnce in one of the runs
 * @property {number} tiedTwice
 * @property {Contradiction[]} contradictions
 */

/**
 * @param {Measured} before
 * @param {Measured} now
 * @returns {Agreement}
 */
export function compareRankings(before, now) {
  /** @type {Agreement} */
  const agreement = { pairs: 0, decided: 0, tiedOnce: 0, tiedTwice: 0, contradictions: [] };
  for (const section of now.sections) {
    for (const cell of section.cells) {
      for (const [first, second] of pairsOf(now.rows(section, cell).filter(isMeasured))) {
        const earlier = [first, second].map(({ peer }) =>
          before.row(section.name, cell, peer.name),
        );
        const ratios = [slownessOf(earlier[0], earlier[1]), slownessOf(first, second)];
        const [then, later] = ratios;
        if (!then || !later) continue;
        agreement.pairs++;
        const ties = ratios.filter((ratio) => ratio?.isTie).length;
        if (ties === 2) agreement.tiedTwice++;
        else if (ties === 1) agreement.tiedOnce++;
        else {
          agreement.decided++;
          if (then.median < 1 === later.median < 1) continue;
          agreement.contradictions.push({
            ...{ section, cell, labels: [first.peer.label, second.peer.label] },
            ...{ before: then.median, now: later.median },
          });
        }
      }
    }
  }
  return agreement;
}

/**
 * @param {Measured} before
 * @param {Measured} now
 */
export function renderAgreement(before, now) {
  const { pairs, decided, tiedOnce, tiedTwice, contradictions } = compareRankings(before, now);
  const counted = (/** @type {number} */ count) => count.toLocaleString('en-US');
  return [
    `Runs of ${before.machine.date.replace('T', ' ').slice(0, 16)} (commit ${before.machine.commit}) and of ` +
      `${now.machine.date.replace('T', ' ').slice(0, 16)} (commit ${now.machine.commit}). Of ${counted(pairs)} pairs of clients in one ` +
      `cell ${counted(decided)} were told apart in both, and ${counted(decided - contradictions.length)} of these the same way round. ` +
      `${counted(tiedOnce)} were a tie in one of the two, ${counted(tiedTwice)} in both.`,
    ...(contradictions.length === 0
      ? []
      : ['', 'The other way round (how many times as long the first took, then and later):', '']),
    ...contradictions.map(
      ({ section, cell, labels, before: then, now: later }) =>
        `- ${section.title}, ${cellTitle(cell)}: ${labels[0]} to ${labels[1]} ${factorText(then)}×, ${factorText(later)}×`,
    ),
  ].join('\n');
}

/**
 * @template T
 * @param {readonly T[]} items
 * @returns {[T, T][]}
 */
function pairsOf(items) {
  return items.flatMap((first, index) =>
    items.slice(index + 1).map((second) => /** @type {[T, T]} */ ([first, second])),
  );
}
