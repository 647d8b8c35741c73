import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../samples/distribution.mjs';
import { histogramOf } from '../../samples/record.mjs';

test('interpolates quantiles', () => {
  assert.equal(Distribution.of([4, 2, 1, 3]).quantile(0.5), 2.5);
  assert.equal(Distribution.of([1, 2, 3]).quantile(0.5), 2);
  assert.equal(Distribution.of([5]).quantile(0.99), 5);
  assert.equal(Distribution.of([0, 10]).quantile(0.25), 2.5);
  assert.ok(Number.isNaN(Distribution.of([]).quantile(0.5)));
});

test('pools samples in ascending numeric order', () => {
  const pooled = Distribution.pool(
    [[10, 9], [100, 1, 9], []].map((times) => Distribution.of(times)),
  );
  assert.deepEqual(
    [...pooled],
    [
      [1, 1],
      [9, 2],
      [10, 1],
      [100, 1],
    ],
  );
  assert.equal(pooled.count, 5);
});

test('counts how many samples are at most a value', () => {
  const { countUpTo } = Distribution.prototype;
  const distribution = Distribution.of([1, 2, 2, 5]);
  assert.deepEqual(
    [0, 1, 2, 4, 5, 9].map((value) => countUpTo.call(distribution, value)),
    [0, 1, 3, 3, 4, 4],
  );
});

test('keeps every quantile of a histogram within half a per cent of the samples', () => {
  const times = Array.from({ length: 5000 }, (_, i) => 3 + 1.7 ** (i / 400));
  const exact = Distribution.of(times);
  const bucketed = Distribution.ofHistogram(histogramOf(times));
  assert.equal(bucketed.count, exact.count);
  for (const q of [0, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const ratio = bucketed.quantile(q) / exact.quantile(q);
    assert.ok(Math.abs(ratio - 1) < 0.003, `${q}: ${ratio}`);
  }
});
