/** Whether two runs of the same plan say the same of every two clients, where both can tell them apart. */
import { cellTitle } from '../plans/cells.mjs';
import { slownessOf } from './measured.mjs';
import { factorText, minuteText } from './wording.mjs';

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
  const pairs = now.sections.flatMap((section) =>
    section.cells.flatMap((cell) => comparePairs(before, now, section, cell)),
  );
  const ofTies = (/** @type {number} */ count) => pairs.filter(({ ties }) => ties === count);
  const decided = ofTies(0);
  return {
    pairs: pairs.length,
    decided: decided.length,
    tiedOnce: ofTies(1).length,
    tiedTwice: ofTies(2).length,
    contradictions: decided.filter((pair) => pair.before < 1 !== pair.now < 1),
  };
}

/**
 * Every two clients of a cell that both runs measured, and in how many of the runs they tie.
 *
 * @param {Measured} before
 * @param {Measured} now
 * @param {import('./measured.mjs').Section} section
 * @param {import('./measured.mjs').Cell} cell
 */
function comparePairs(before, now, section, cell) {
  const peers = now.rows(section, cell).map(({ peer }) => peer);
  return pairsOf(peers).flatMap(([first, second]) => {
    const [then, later] = [before, now].map((run) =>
      slownessOf(run.row(section.name, cell, first.name), run.row(section.name, cell, second.name)),
    );
    if (!then || !later) return [];
    const labels = /** @type {[string, string]} */ ([first.label, second.label]);
    const ties = Number(then.isTie) + Number(later.isTie);
    return { section, cell, labels, before: then.median, now: later.median, ties };
  });
}

/**
 * @param {Measured} before
 * @param {Measured} now
 */
export function renderAgreement(before, now) {
  const { pairs, decided, tiedOnce, tiedTwice, contradictions } = compareRankings(before, now);
  const counted = (/** @type {number} */ count) => count.toLocaleString('en-US');
  const [then, later] = [before, now].map(
    ({ machine }) => `${minuteText(machine.date)} (commit ${machine.commit})`,
  );
  return [
    `Runs of ${then} and of ${later}. Of ${counted(pairs)} pairs of clients in one ` +
      `cell ${counted(decided)} were told apart in both, and ${counted(decided - contradictions.length)} of these the same way round. ` +
      `${counted(tiedOnce)} were a tie in one of the two, ${counted(tiedTwice)} in both.`,
    ...(contradictions.length === 0
      ? []
      : ['', 'The other way round (how many times as long the first took, then and later):', '']),
    ...contradictions.map(
      ({ section, cell, labels, before: earlier, now: latest }) =>
        `- ${section.title}, ${cellTitle(cell)}: ${labels[0]} to ${labels[1]} ${factorText(earlier)}×, ${factorText(latest)}×`,
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
