/** Samples in ascending order, given one by one or counted in the buckets of a histogram. */

import { timeOf } from './record.mjs';

/** An ascending multiset of numbers. */
export class Distribution {
  #values;
  /** How many samples there are up to each value, that value included. */
  #cumulative;

  /**
   * @param {readonly (readonly [value: number, count: number])[]} ascending
   */
  constructor(ascending) {
    this.#values = Float64Array.from(ascending, ([value]) => value);
    this.#cumulative = new Float64Array(ascending.length);
    let total = 0;
    for (const [index, [, count]] of ascending.entries()) {
      total += count;
      this.#cumulative[index] = total;
    }
  }

  /** @param {ArrayLike<number>} values in any order */
  static of(values) {
    return new Distribution(Array.from(Float64Array.from(values).sort(), (value) => [value, 1]));
  }

  /**
   * Takes a histogram that `record.mjs` has made. (HDR histograms would serve as well, but they take only whole numbers
   * between fixed limits, and a reader of the samples file would need their library to decode them.)
   *
   * @param {readonly (readonly [bucket: number, count: number])[]} histogram ascending
   */
  static ofHistogram(histogram) {
    return new Distribution(histogram.map(([bucket, count]) => [timeOf(bucket), count]));
  }

  /** @param {readonly Distribution[]} distributions */
  static pool(distributions) {
    const [only] = distributions;
    if (only && distributions.length === 1) return only;
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const distribution of distributions) {
      for (const [value, count] of distribution)
        counts.set(value, (counts.get(value) ?? 0) + count);
    }
    return new Distribution([...counts].sort(([a], [b]) => a - b));
  }

  /** How many samples there are. */
  get count() {
    return this.#cumulative.at(-1) ?? 0;
  }

  /** How many samples are at most `value`. */
  countUpTo(/** @type {number} */ value) {
    const index = firstIndex(this.#values.length, (i) => Number(this.#values[i]) > value);
    return index === 0 ? 0 : Number(this.#cumulative[index - 1]);
  }

  /**
   * The q-quantile, interpolated linearly between samples; NaN when there are none.
   *
   * @param {number} q from 0 to 1
   */
  quantile(q) {
    if (this.count === 0) return Number.NaN;
    const position = (this.count - 1) * q;
    const below = Math.floor(position);
    const low = this.#at(below);
    const high = this.#at(Math.min(below + 1, this.count - 1));
    return low + (high - low) * (position - below);
  }

  /** Every value with its count, ascending. */
  *[Symbol.iterator]() {
    let before = 0;
    for (const [index, value] of this.#values.entries()) {
      const upTo = Number(this.#cumulative[index]);
      yield/** @type {[value: number, count: number]} */ ([value, upTo - before]);
      before = upTo;
    }
  }

  /** @param {number} rank from 0 */
  #at(rank) {
    const index = firstIndex(this.#values.length, (i) => Number(this.#cumulative[i]) > rank);
    return Number(this.#values[index]);
  }
}

/**
 * Returns the first index for which a condition holds, or `length` if it holds for none. From that index on it has to
 * hold for all.
 *
 * @param {number} length
 * @param {(index: number) => boolean} holds
 */
export function firstIndex(length, holds) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
