import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logScale, logTicks, spreadLabels } from '../../reports/browser/axis.mjs';

test('marks a logarithmic axis at 1, 2 and 5, or less densely where those are too many', () => {
  assert.deepEqual(logTicks(15, 250), [20, 50, 100, 200]);
  assert.deepEqual(logTicks(1, 100, 7), [1, 2, 5, 10, 20, 50, 100]);
  assert.deepEqual(logTicks(1, 100, 6), [1, 3, 10, 30, 100]);
  assert.deepEqual(logTicks(0.1, 1000, 5), [0.1, 1, 10, 100, 1000]);
});

test('places equal ratios at equal distances', () => {
  const scale = logScale(10, 1000);
  assert.equal(scale(10), 0);
  assert.ok(Math.abs(scale(100) - 0.5) < 1e-12);
  assert.equal(scale(1000), 1);
});

test('moves labels apart, no further than they need', () => {
  assert.deepEqual(spreadLabels([0, 50, 100], 10, 0, 100), [0, 50, 100]);
  assert.deepEqual(spreadLabels([50, 52], 10, 0, 100), [46, 56]);
  assert.deepEqual(spreadLabels([52, 50, 51], 10, 0, 100), [61, 41, 51]);
});

test('keeps labels within the ends, and in their order', () => {
  assert.deepEqual(spreadLabels([0, 1, 2], 10, 0, 100), [0, 10, 20]);
  assert.deepEqual(spreadLabels([99, 100], 10, 0, 100), [90, 100]);
  const wanted = [3, 90, 91, 92, 5, 4, 40];
  const placed = spreadLabels(wanted, 12, 0, 100);
  const order = (/** @type {number[]} */ values) =>
    values.map((_, i) => i).sort((a, b) => Number(values[a]) - Number(values[b]));
  assert.deepEqual(order(placed), order(wanted));
  const sorted = placed.toSorted((a, b) => a - b);
  for (let i = 1; i < sorted.length; i++) {
    assert.ok(Number(sorted[i]) - Number(sorted[i - 1]) > 12 - 1e-9);
  }
});
