import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRankings, renderAgreement } from '../../reports/agreement.mjs';
import { Measured } from '../../reports/measured.mjs';
import { recordOfTime } from '../support/synthetic-records.mjs';

const CELL = { mode: 'rr', size: 512 };
const NAMES = ['a', 'b', 'c'];

/**
 * A run of five rounds in which each client took so many µs.
 *
 * @param {Record<string, number[]>} times by client
 */
function runOf(times) {
  const peers = NAMES.map((name) => ({ name, label: `client ${name}`, style: 'callback' }));
  const section = { name: 'main', title: 'main', server: 'bun', peers: NAMES, cells: [CELL] };
  const cells = Object.entries(times).flatMap(([peer, all]) =>
    all.map((time, index) =>
      recordOfTime({ section: 'main', server: 'bun', peer, ...CELL, round: index + 1 }, time),
    ),
  );
  const machine = {
    commit: 'c0ffee',
    date: '2025-01-02T03:04',
    peers,
    servers: [],
    sections: [section],
  };
  return new Measured({ machine: /** @type {any} */ (machine), cells });
}

const STEADY = { a: [10, 10, 10, 10, 10], b: [20, 20, 20, 20, 20] };

test('two runs agree if they put two clients in the same order, however far apart', () => {
  const later = runOf({ a: [30, 30, 30, 30, 30], b: [31, 31, 31, 31, 31] });
  const { pairs, decided, contradictions } = compareRankings(runOf(STEADY), later);
  assert.deepEqual(
    { pairs, decided, contradictions },
    { pairs: 1, decided: 1, contradictions: [] },
  );
});

test('two runs contradict each other if each puts another client first', () => {
  const later = runOf({ a: [20, 20, 20, 20, 20], b: [10, 10, 10, 10, 10] });
  const text = renderAgreement(runOf(STEADY), later);
  assert.match(text, /1 are a tie in neither run, and both runs put 0 of them in the same order/);
  assert.match(text, /client b to client a 2.00×, 0.50×/);
});

test('a tie in either run is noise, and contradicts nothing', () => {
  const noisy = { a: [10, 25, 10, 25, 10], b: [20, 20, 20, 20, 20] };
  assert.equal(compareRankings(runOf(STEADY), runOf(noisy)).tiedOnce, 1);
  assert.equal(compareRankings(runOf(noisy), runOf(noisy)).tiedTwice, 1);
});

test('clients that one of the runs did not measure are left out', () => {
  const later = runOf({ ...STEADY, c: [1, 1, 1, 1, 1] });
  assert.equal(compareRankings(runOf(STEADY), later).pairs, 1);
});
