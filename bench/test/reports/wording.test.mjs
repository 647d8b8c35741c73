import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesText,
  factorText,
  millisText,
  rangeText,
  ratioText,
  timeText,
  wholeText,
} from '../../reports/wording.mjs';

test('writes times with three digits and the unit that fits', () => {
  assert.deepEqual(
    [0.271, 2.71, 27.12, 271.2, 999.4, 999.6, 27_120, 2_000_000, undefined].map(timeText),
    ['0.271 µs', '2.71 µs', '27.1 µs', '271 µs', '999 µs', '1.00 ms', '27.1 ms', '2.00 s', '–'],
  );
  assert.equal(millisText(31.4), '0.0314');
});

test('writes other figures for people', () => {
  assert.equal(wholeText(1_234_567.8), '1,234,568');
  assert.equal(bytesText(3 * 1024 * 1024), '3.00 MiB');
  assert.equal(bytesText(1536), '1.50 KiB');
  assert.deepEqual([1.2345, 12.345, 123.45].map(factorText), ['1.23', '12.3', '123']);
  assert.equal(rangeText({ low: 1.001, high: 1.004 }), '1.00×');
});

test('shows no figure to quote for a tie', () => {
  const ratio = { median: 1.01, low: 0.95, high: 1.07 };
  assert.equal(ratioText({ ...ratio, isTie: true }), '≈ (0.95–1.07×)');
  assert.equal(ratioText({ ...ratio, isTie: false }), '1.01× (0.95–1.07×)');
});
