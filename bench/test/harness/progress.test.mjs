import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from '../../harness/progress.mjs';

test('formats durations', () => {
  assert.equal(formatDuration(59_400), '59 s');
  assert.equal(formatDuration(61_000), '1 min 1 s');
});
