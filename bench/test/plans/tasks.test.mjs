import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskFor } from '../../plans/tasks.mjs';

test('warms a fresh process up for longer', () => {
  const cell = { mode: 'rr', size: 512 };
  assert.equal(taskFor(cell, 250, true).warmUp.time, 500);
  assert.equal(taskFor(cell, 250, false).warmUp.time, 200);
  assert.equal(taskFor({ ...cell, mode: 'pipelined' }, 250, true).window, 100);
});
