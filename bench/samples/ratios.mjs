/** Judges ratios of rounds: what they show, and when they are a tie. The page of charts contains this file, so it imports nothing. */

/** With fewer rounds a difference cannot be told from noise. */
export const MIN_ROUNDS = 5;
/** A smaller difference is a tie, however often it is measured: another machine would show another one. */
const MIN_DIFFERENCE = 0.02;

/**
 * @typedef {object} Ratio
 * @property {number} median over the rounds
 * @property {number} low end of the interval that holds it
 * @property {number} high
 * @property {boolean} isDecidable
 * @property {boolean} isTie
 */

/**
 * Judges the ratios of some rounds. They are a tie if the interval that holds the true ratio includes 1, if the difference
 * is negligible, or if there are too few rounds.
 *
 * @param {readonly number[]} ratios one for each round
 * @returns {Ratio | undefined} undefined without any
 */
export function judgeRatios(ratios) {
  if (ratios.length === 0) return undefined;
  const { median, low, high, isDecidable } = medianWithInterval(ratios);
  // An interval with an end that is 1.00 when it is rounded counts as one that includes 1.
  const isWithinNoise = (low < 1.005 && high >= 0.995) || Math.abs(median - 1) < MIN_DIFFERENCE;
  return { median, low, high, isDecidable, isTie: !isDecidable || isWithinNoise };
}

/**
 * Returns the median of a few numbers, and the interval that holds the true median with at least 90 % confidence. It comes
 * from order statistics, which assume nothing about the noise. The interval of five numbers is their whole range. Fewer
 * numbers have no such interval: they get their range, and `isDecidable` is false.
 *
 * @param {readonly number[]} values
 */
export function medianWithInterval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const { length } = sorted;
  const skipped = skippedAtEachEnd(length);
  const at = (/** @type {number} */ index) => sorted[index] ?? Number.NaN;
  return {
    median: (at((length - 1) >> 1) + at(length >> 1)) / 2,
    low: at(skipped),
    high: at(length - 1 - skipped),
    isDecidable: length >= MIN_ROUNDS,
  };
}

/** @param {number} count */
function skippedAtEachEnd(count) {
  // The interval from the k-th lowest to the k-th highest misses the median with probability
  // 2 P(Binomial(count, 1/2) < k).
  let probability = 0.5 ** count;
  let cumulative = 0;
  let skipped = 0;
  for (let k = 0; k < count / 2; k++) {
    cumulative += probability;
    if (2 * cumulative > 0.1) break;
    skipped = k;
    probability = (probability * (count - k)) / (k + 1);
  }
  return skipped;
}
