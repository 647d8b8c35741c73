/** The arithmetic of the tables, as pure functions of what was measured in the rounds. */
import { Distribution, firstIndex } from './distribution.mjs';
import { judgeRatios, MIN_ROUNDS } from './ratios.mjs';

/** A process that was busy for this share of the time counts as busy all the time. */
const MIN_SATURATION = 0.9;
const RESAMPLES = 1000;

/**
 * @typedef {object} Interval
 * @property {number} low
 * @property {number} high
 */

/**
 * Returns the interval that holds a quantile of all samples with 95 % confidence; undefined for fewer than five rounds.
 *
 * It is found by the bootstrap: rounds are drawn with replacement, their samples are pooled, and their quantile is taken,
 * many times. The interval is the middle 95 % of these quantiles. Whole rounds are drawn, because the samples of a round
 * depend on each other. Drawing single samples would give an interval that is too narrow for the next run.
 *
 * @param {readonly Distribution[]} rounds
 * @param {number} q from 0 to 1
 * @returns {Interval | undefined}
 */
export function bootstrapInterval(rounds, q) {
  if (rounds.length < MIN_ROUNDS) return undefined;
  const grid = [...new Set(rounds.flatMap((round) => Array.from(round, ([value]) => value)))].sort(
    (a, b) => a - b,
  );
  const upTo = rounds.map((round) => Float64Array.from(grid, (value) => round.countUpTo(value)));
  const draw = drawer(rounds.length);
  const drawn = /** @type {Float64Array[]} */ ([]);
  const sumUpTo = (/** @type {number} */ index) => {
    let sum = 0;
    for (const counts of drawn) sum += /** @type {number} */ (counts[index]);
    return sum;
  };
  const last = grid.length - 1;
  const quantiles = new Float64Array(RESAMPLES).map(() => {
    for (let i = 0; i < rounds.length; i++) {
      drawn[i] = /** @type {Float64Array} */ (upTo[draw()]);
    }
    const rank = q * sumUpTo(last);
    return /** @type {number} */ (grid[firstIndex(last, (index) => sumUpTo(index) >= rank)]);
  });
  const sorted = Distribution.of(quantiles);
  return { low: sorted.quantile(0.025), high: sorted.quantile(0.975) };
}

/**
 * Draws whole numbers below `count`. They are the same in every run, so that a report can be reproduced.
 *
 * @param {number} count
 */
function drawer(count) {
  let state = 0x9e3779b9;
  return () => {
    // xorshift32 (Marsaglia): its period of 2³² − 1 is far more than is drawn.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/**
 * @typedef {object} Measurement one client process's answer
 * @property {Distribution} times µs per message
 * @property {number} messages in the measured part
 * @property {number} elapsed µs
 * @property {number} clientUser µs
 * @property {number} clientSystem µs
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
  const times = Distribution.pool(all.map((m) => m.times));
  const clientUser = total((m) => m.clientUser);
  const clientSystem = total((m) => m.clientSystem);
  const clientBusy = (clientUser + clientSystem) / elapsed;
  const hasServerCpu = all.length > 0 && all.every((m) => m.serverCpu !== undefined);
  const serverCpu = hasServerCpu ? total((m) => m.serverCpu ?? 0) : undefined;
  const serverBusy = serverCpu === undefined ? undefined : serverCpu / elapsed;
  return {
    times,
    median: times.quantile(0.5),
    // With fewer samples these quantiles would be little more than the maximum.
    p99: times.count >= 100 ? times.quantile(0.99) : undefined,
    p999: times.count >= 1000 ? times.quantile(0.999) : undefined,
    rate: (messages / elapsed) * 1e6,
    clientUser: clientUser / messages,
    clientSystem: clientSystem / messages,
    clientCpu: (clientUser + clientSystem) / messages,
    clientBusy,
    serverCpu: serverCpu === undefined ? undefined : serverCpu / messages,
    serverBusy,
    /** Whether the server was the bottleneck: busy all the time, and more so than the client. */
    isServerSaturated:
      serverBusy !== undefined && serverBusy >= MIN_SATURATION && serverBusy > clientBusy,
  };
}

/**
 * Compares two clients by the ratio of their medians. It is formed in each round: there both were measured seconds apart,
 * on a machine in much the same state.
 *
 * @param {ReadonlyMap<number, Pick<Measurement, 'times'>>} rounds
 * @param {ReadonlyMap<number, Pick<Measurement, 'times'>>} reference
 * @returns {import('./ratios.mjs').Ratio | undefined} above 1 where `rounds` took less time; undefined with no round in common
 */
export function compareTimes(rounds, reference) {
  const ratios = [];
  for (const [round, { times }] of rounds) {
    const other = reference.get(round);
    if (other) ratios.push(other.times.quantile(0.5) / times.quantile(0.5));
  }
  return judgeRatios(ratios);
}

/**
 * Returns the rounds that stand out: their medians lie more than one and a half times the distance of the quartiles beyond
 * the quartiles (Tukey's fences), and a tenth away from the median. Reports name them, and leave them in every figure.
 *
 * @param {ReadonlyMap<number, Pick<Measurement, 'times'>>} rounds
 * @returns {number[]}
 */
export function outlyingRounds(rounds) {
  const medians = new Map([...rounds].map(([round, { times }]) => [round, times.quantile(0.5)]));
  const all = Distribution.of([...medians.values()]);
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((q) => all.quantile(q));
  const reach = 1.5 * (Number(q3) - Number(q1));
  return [...medians]
    .filter(([, value]) => value < Number(q1) - reach || value > Number(q3) + reach)
    .filter(([, value]) => Math.abs(value / Number(median) - 1) > 0.1)
    .map(([round]) => round);
}
