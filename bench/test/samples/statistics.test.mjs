import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../samples/distribution.mjs';
import { medianWithInterval } from '../../samples/ratios.mjs';
import {
  bootstrapInterval,
  compareTimes,
  outlyingRounds,
  summarize,
} from '../../samples/statistics.mjs';

/**
 * @param {number[]} times
 * @param {object} [rest]
 */
function measurement(times, rest) {
  const elapsed = times.reduce((sum, time) => sum + time, 0);
  return {
    times: Distribution.of(times),
    messages: times.length,
    elapsed,
    clientUser: elapsed / 3,
    clientSystem: elapsed / 6,
    serverCpu: elapsed / 4,
    ...rest,
  };
}

/** @param {number[]} medians one per round */
function rounds(medians) {
  return new Map(medians.map((median, index) => [index + 1, measurement([median])]));
}

test('needs the whole range of five values for 90 % confidence', () => {
  assert.deepEqual(medianWithInterval([5, 1, 4, 2, 3]), {
    median: 3,
    low: 1,
    high: 5,
    isDecidable: true,
  });
});

test('leaves out the extremes of more values, as far as 90 % confidence allows', () => {
  const upTo = (/** @type {number} */ n) =>
    medianWithInterval(Array.from({ length: n }, (_, i) => i + 1));
  // The textbook table of the sign-test interval: 7 keeps all, 8 drops one at each end, 20 drops five.
  assert.deepEqual([upTo(7).low, upTo(7).high], [1, 7]);
  assert.deepEqual([upTo(8).low, upTo(8).high], [2, 7]);
  assert.deepEqual([upTo(20).low, upTo(20).high], [6, 15]);
});

test('decides nothing with fewer than five values', () => {
  assert.equal(medianWithInterval([1, 2, 3, 4]).isDecidable, false);
  assert.equal(medianWithInterval([]).isDecidable, false);
});

test('sums up rounds by pooling samples and adding totals', () => {
  const summary = summarize(
    new Map([
      [1, measurement([10, 20, 30])],
      [3, measurement([40])],
    ]),
  );
  assert.equal(summary.median, 25);
  assert.equal(summary.p99, undefined);
  assert.equal(summary.rate, (4 / 100) * 1e6);
  assert.equal(summary.clientCpu, 12.5);
  assert.equal(summary.serverCpu, 6.25);
  assert.equal(summary.serverBusy, 0.25);
});

test('gives a 99th percentile from 100 samples on', () => {
  const times = Array.from({ length: 101 }, (_, i) => i);
  assert.equal(summarize(new Map([[1, measurement(times)]])).p99, 99);
});

test('gives a 99.9th percentile from 1000 samples on', () => {
  const summaryOf = (/** @type {number} */ length) =>
    summarize(new Map([[1, measurement(Array.from({ length }, (_, i) => i))]]));
  assert.equal(summaryOf(1001).p999, 999);
  assert.equal(summaryOf(999).p999, undefined);
});

test('calls the server the bottleneck when it was busy all the time, and busier than the client', () => {
  const busy = (/** @type {number} */ serverCpu, /** @type {number} */ clientUser) =>
    summarize(new Map([[1, measurement([100], { serverCpu, clientUser, clientSystem: 1 })]]))
      .isServerSaturated;
  assert.equal(busy(91, 50), true);
  assert.equal(busy(91, 95), false);
  assert.equal(busy(89, 50), false);
});

test('has no CPU of the server if it is unknown in one of the rounds', () => {
  const summary = summarize(
    new Map([
      [1, measurement([1])],
      [2, measurement([1], { serverCpu: undefined })],
    ]),
  );
  assert.equal(summary.serverCpu, undefined);
  assert.equal(summary.serverBusy, undefined);
});

test('compares round with round, so that a slow spell of the machine cancels out', () => {
  const ratio = compareTimes(rounds([10, 20, 30, 40, 50]), rounds([20, 40, 60, 80, 110]));
  assert.deepEqual(ratio, { median: 2, low: 2, high: 2.2, isDecidable: true, isTie: false });
});

test('calls it a tie when the interval includes 1', () => {
  assert.equal(compareTimes(rounds([9, 10, 8, 9, 11]), rounds([10, 10, 10, 10, 10]))?.isTie, true);
});

test('calls it a tie when the interval starts at what rounds to 1', () => {
  const reference = rounds([10.02, 11, 11, 11, 11]);
  assert.equal(compareTimes(rounds([10, 10, 10, 10, 10]), reference)?.isTie, true);
});

test('calls it a tie when the difference is under 2 %', () => {
  assert.equal(
    compareTimes(rounds([100, 100, 100, 100, 100]), rounds([101, 101, 101, 101, 101]))?.isTie,
    true,
  );
});

test('calls everything a tie with fewer than five rounds in common', () => {
  assert.equal(compareTimes(rounds([1, 1, 1, 1, 1]), rounds([9, 9, 9, 9]))?.isTie, true);
});

test('compares nothing without a round in common', () => {
  assert.equal(compareTimes(rounds([1]), new Map()), undefined);
});

test('resamples rounds, not samples, for the interval of a pooled quantile', () => {
  const round = (/** @type {number} */ time) => Distribution.of(Array(1000).fill(time));
  // Whatever is drawn of these rounds, its median is one of them, and the pool's is the middle one.
  const interval = bootstrapInterval([1, 2, 3, 4, 5].map(round), 0.5);
  assert.deepEqual(interval, { low: 1, high: 5 });
  assert.deepEqual(bootstrapInterval([7, 7, 7, 7, 7].map(round), 0.5), { low: 7, high: 7 });
});

test('agrees with the known distribution of a bootstrapped median', () => {
  const rounds = Array.from({ length: 11 }, (_, i) => Distribution.of([i + 1]));
  // Efron's median of 11 values is at most the k-th with the probability that 6 or more of 11 draws are:
  // 0.7 % for the second, 5.1 % for the third.
  const interval = bootstrapInterval(rounds, 0.5);
  assert.deepEqual(interval, { low: 3, high: 9 });
});

test('holds the true median in about 95 of 100 experiments with many rounds', () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  let hits = 0;
  for (let experiment = 0; experiment < 200; experiment++) {
    const medians = Array.from({ length: 25 }, () => 100 + 20 * (random() + random() - 1));
    const interval = bootstrapInterval(
      medians.map((median) => Distribution.of([median - 0.1, median, median + 0.1])),
      0.5,
    );
    if (interval && interval.low <= 100 && interval.high >= 100) hits++;
  }
  assert.ok(hits >= 180 && hits <= 199, `${hits} of 200`);
});

test('gives no interval for fewer than five rounds', () => {
  const four = [1, 2, 3, 4].map((time) => Distribution.of([time]));
  assert.equal(bootstrapInterval(four, 0.5), undefined);
});

test('names the rounds that stand out, unless they do so by less than a tenth', () => {
  assert.deepEqual(outlyingRounds(rounds([10, 10.1, 10.2, 19, 10, 10.1, 10.2])), [4]);
  assert.deepEqual(outlyingRounds(rounds([10, 10, 10, 10.5, 10, 10, 10])), []);
  assert.deepEqual(outlyingRounds(rounds([10, 11, 12, 13, 14, 15, 16])), []);
});
