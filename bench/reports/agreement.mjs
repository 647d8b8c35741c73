/** Compares two runs of the same plan: whether they put every two clients in the same order. */
import { cellTitle } from '../plans/cells.mjs';
import { slownessOf } from './measured.mjs';
import { factorText, minuteText } from './wording.mjs';

/** @typedef {import('./measured.mjs').Measured} Measured */

/**
 * @typedef {object} Contradiction two clients that the runs put in opposite orders
 * @property {import('./measured.mjs').Section} section
 * @property {import('./measured.mjs').Cell} cell
 * @property {[string, string]} labels
 * @property {number} before how many times as long as the second one the first took, in the earlier run
 * @property {number} now the same in the later run
 */

/**
 * @typedef {object} Agreement counts of pairs of clients in one cell that both runs measured
 * @property {number} pairs
 * @property {number} decided no tie in either run
 * @property {number} tiedOnce a tie in one of the runs
 * @property {number} tiedTwice a tie in both
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
 * Lists every two clients of a cell that both runs measured, and in how many of the runs they are a tie.
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
    `Runs of ${then} and of ${later}. Both measured ${counted(pairs)} pairs of clients in the same cell. ` +
      `Of these ${counted(decided)} are a tie in neither run, and both runs put ${counted(decided - contradictions.length)} of them in the same order. ` +
      `${counted(tiedOnce)} are a tie in one of the runs, ${counted(tiedTwice)} in both.`,
    ...(contradictions.length === 0
      ? []
      : [
          '',
          'In opposite orders (how many times as long the first client took, in the earlier and in the later run):',
          '',
        ]),
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
