import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Results } from '../../reports/quick-results.mjs';

const CELL = { mode: 'rr', size: 512 };
const TICKS = 100;

/** @param {string} name @param {object} [rest] */
function peer(name, rest) {
  return { name, label: name, style: 'callback', module: '', command: '', args: [], ...rest };
}

/** @param {number} time @param {import('../../peers/measure.mjs').Ticks} [serverTicks] */
function outcome(time, serverTicks = { user: 0, system: 0 }) {
  const result = {
    times: [time],
    messages: 1,
    elapsed: time,
    clientUser: 3,
    clientSystem: 1,
    serverTicks,
  };
  return { result };
}

test('makes a row with its ratio to ws', () => {
  const results = new Results(false);
  for (let round = 1; round <= 5; round++) {
    results.add('ws', CELL, round, outcome(100), TICKS);
    results.add('bun', CELL, round, outcome(50), TICKS);
  }
  const { rows, notes } = results.table([peer('ws'), peer('bun')], CELL);
  assert.equal(rows[0]?.isReference, true);
  assert.equal(rows[1]?.ratio?.median, 2);
  assert.equal(rows[1]?.clientCpu, 4);
  assert.deepEqual(notes, []);
});

test('says why a client is absent, failed everywhere, failed once or was not reached', () => {
  const results = new Results(false);
  results.add('undici', CELL, 1, { failure: 'closed early: 1006' }, TICKS);
  results.add('deno', CELL, 1, outcome(10), TICKS);
  results.add('deno', CELL, 2, { failure: 'no answer within 9 s' }, TICKS);
  const absent = peer('bun', { missing: 'not installed' });
  const { rows, notes } = results.table([absent, peer('undici'), peer('deno'), peer('net')], CELL);
  assert.deepEqual(
    rows.map((row) => row.failure),
    ['absent: not installed, see below', 'closed early: 1006', undefined, 'not measured'],
  );
  assert.deepEqual(notes, ['deno: 1 of 2 attempts failed: no answer within 9 s']);
});

test('flags a saturated server, unless it shares its core with the clients', () => {
  for (const isShared of [false, true]) {
    const results = new Results(isShared);
    results.add('net', CELL, 1, outcome(100_000, { user: 5, system: 4 }), TICKS);
    assert.equal(results.table([peer('net')], CELL).rows[0]?.isServerSaturated, !isShared);
  }
});

test('gives a client up in a cell after two failures, or after one hang', () => {
  const results = new Results(false);
  results.add('ws', CELL, 1, { failure: 'refused' }, TICKS);
  assert.equal(results.isGivenUp('ws', CELL), false);
  results.add('ws', CELL, 2, { failure: 'refused' }, TICKS);
  assert.equal(results.isGivenUp('ws', CELL), true);
  results.add('net', CELL, 1, { failure: 'no answer', isHang: true }, TICKS);
  assert.equal(results.isGivenUp('net', CELL), true);
  assert.equal(results.isGivenUp('net', { ...CELL, size: 8 }), false);
});
