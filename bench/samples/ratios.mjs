/** What ratios of rounds say, and when they say nothing. Imports nothing: the page of charts takes it as it is. */

/** Rounds from which on a difference can be told from noise. */
export const MIN_ROUNDS = 5;
/** Differences below this are a tie, however often they are measured: the next machine has others. */
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
 * Says what the ratios of some rounds amount to. It is a tie when the interval that holds the true ratio includes 1, when
 * the difference is negligible, or when there are too few rounds to tell.
 *
 * @param {readonly number[]} ratios one for each round
 * @returns {Ratio | undefined} undefined without any
 */
export function judgeRatios(ratios) {
  if (ratios.length === 0) return undefined;
  const { median, low, high, isDecidable } = medianWithSpread(ratios);
  // An interval that reads 1.00 at one end once it is rounded is not worth a claim either.
  const isWithinNoise = (low < 1.005 && high >= 0.995) || Math.abs(median - 1) < MIN_DIFFERENCE;
  return { median, low, high, isDecidable, isTie: !isDecidable || isWithinNoise };
}

/**
 * The median of a few numbers and the interval around it that holds the true median with at least
 * 90 % confidence: order statistics, so nothing is assumed about the noise. Five numbers need
 * their whole range for that; fewer have no such interval, get their range and are `isDecidable: false`.
 *
 * @param {readonly number[]} values
 */
export function medianWithSpread(values) {
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
