/** The arithmetic of the tables: pure functions over plain numbers. */

/**
 * The q-quantile of ascending numbers, interpolated linearly.
 *
 * @param {ArrayLike<number>} sorted
 * @param {number} q from 0 to 1
 */
export function quantile(sorted, q) {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = /** @type {number} */ (sorted[below]);
  const high = /** @type {number} */ (sorted[Math.min(below + 1, sorted.length - 1)]);
  return low + (high - low) * (position - below);
}

/**
 * Pools arrays of numbers into one ascending array.
 *
 * @param {readonly ArrayLike<number>[]} arrays
 */
export function pool(arrays) {
  const pooled = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    pooled.set(array, offset);
    offset += array.length;
  }
  return pooled.sort();
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
  const skipped = skippedAtEachEnd(sorted.length);
  return {
    median: quantile(sorted, 0.5),
    low: sorted[skipped] ?? Number.NaN,
    high: sorted[sorted.length - 1 - skipped] ?? Number.NaN,
    isDecidable: sorted.length >= 5,
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

/**
 * @typedef {object} Measurement one client process's answer
 * @property {number[]} times µs per message, one per sample
 * @property {number} messages in the measured part
 * @property {number} elapsed µs
 * @property {number} clientCpu µs, user and system
 * @property {number | undefined} serverCpu µs, user and system
 */

/**
 * Sums up the rounds of one row.
 *
 * @param {ReadonlyMap<number, Measurement>} rounds
 */
export function summarize(rounds) {
  const all = [...rounds.values()];
  const total = (/** @type {(m: Measurement) => number} */ of) =>
    all.reduce((sum, m) => sum + of(m), 0);
  const messages = total((m) => m.messages);
  const elapsed = total((m) => m.elapsed);
  const times = pool(all.map((m) => m.times));
  const hasServerCpu = all.length > 0 && all.every((m) => m.serverCpu !== undefined);
  const serverCpu = hasServerCpu ? total((m) => m.serverCpu ?? 0) : undefined;
  return {
    median: quantile(times, 0.5),
    // Under 100 samples the 99th percentile would be little more than the maximum.
    p99: times.length >= 100 ? quantile(times, 0.99) : undefined,
    rate: (messages / elapsed) * 1e6,
    clientCpu: total((m) => m.clientCpu) / messages,
    serverCpu: serverCpu === undefined ? undefined : serverCpu / messages,
    serverBusy: serverCpu === undefined ? undefined : serverCpu / elapsed,
  };
}

/**
 * Compares two rows round by round: the reference's median time per message over the row's own, so that
 * above 1 is faster. Medians, because one pause of the machine moves a round's mean by more than most clients differ.
 *
 * @param {ReadonlyMap<number, Measurement>} rounds
 * @param {ReadonlyMap<number, Measurement>} reference
 * @returns {{ median: number, low: number, high: number, isDecidable: boolean, isTie: boolean } | undefined} undefined with no round in common
 */
export function compareTimes(rounds, reference) {
  const ratios = [];
  for (const [round, { times }] of rounds) {
    const other = reference.get(round);
    if (other) ratios.push(quantile(pool([other.times]), 0.5) / quantile(pool([times]), 0.5));
  }
  if (ratios.length === 0) return undefined;
  const { median, low, high, isDecidable } = medianWithSpread(ratios);
  // An interval that reads 1.00 at one end once it is rounded is not worth a claim either.
  const isWithinNoise = (low < 1.005 && high >= 0.995) || Math.abs(median - 1) < 0.02;
  return { median, low, high, isDecidable, isTie: !isDecidable || isWithinNoise };
}
