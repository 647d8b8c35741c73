import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTimes, medianWithSpread, pool, quantile, summarize } from '../statistics.mjs';

/**
 * @param {number[]} times
 * @param {object} [rest]
 */
function measurement(times, rest) {
  const elapsed = times.reduce((sum, time) => sum + time, 0);
  return {
    times,
    messages: times.length,
    elapsed,
    clientCpu: elapsed / 2,
    serverCpu: elapsed / 4,
    ...rest,
  };
}

/** @param {number[]} medians one per round */
function rounds(medians) {
  return new Map(medians.map((median, index) => [index + 1, measurement([median])]));
}

test('interpolates quantiles', () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([1, 2, 3], 0.5), 2);
  assert.equal(quantile([5], 0.99), 5);
  assert.equal(quantile([0, 10], 0.25), 2.5);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('pools samples in ascending numeric order', () => {
  assert.deepEqual([...pool([[10, 9], [100, 1], []])], [1, 9, 10, 100]);
});

test('needs the whole range of five values for 90 % confidence', () => {
  assert.deepEqual(medianWithSpread([5, 1, 4, 2, 3]), {
    median: 3,
    low: 1,
    high: 5,
    isDecidable: true,
  });
});

test('leaves out the extremes of more values, as far as 90 % confidence allows', () => {
  const upTo = (/** @type {number} */ n) =>
    medianWithSpread(Array.from({ length: n }, (_, i) => i + 1));
  // The textbook table of the sign-test interval: 7 keeps all, 8 drops one at each end, 20 drops five.
  assert.deepEqual([upTo(7).low, upTo(7).high], [1, 7]);
  assert.deepEqual([upTo(8).low, upTo(8).high], [2, 7]);
  assert.deepEqual([upTo(20).low, upTo(20).high], [6, 15]);
});

test('decides nothing with fewer than five values', () => {
  assert.equal(medianWithSpread([1, 2, 3, 4]).isDecidable, false);
  assert.equal(medianWithSpread([]).isDecidable, false);
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

test('knows no CPU of a server that one round knows nothing of', () => {
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
