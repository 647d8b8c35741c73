import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cautionsOf } from '../../reports/cautions.mjs';
import { renderMarkdown } from '../../reports/markdown.mjs';
import { Measured } from '../../reports/measured.mjs';
import { renderPage } from '../../reports/page/page.mjs';
import { makeRecords } from '../support/synthetic-records.mjs';

const records = makeRecords({ samples: 5 });

/** @param {object} [facts] of the machine @param {number} [rounds] */
function measure(facts, rounds = 7) {
  const cells = records.cells.filter(({ round }) => round <= rounds);
  return new Measured({ machine: { ...records.machine, ...facts }, cells });
}

test('warns of nothing in a good run but of servers that are not neutral', () => {
  assert.deepEqual(cautionsOf(measure()), [
    'Not every server is neutral. By the authors of clients that are compared here: websockets.',
  ]);
});

test('warns of few rounds, of an interruption, of a busy machine, of a shared core and of changes', () => {
  assert.match(
    cautionsOf(measure({}, 4)).join(' '),
    /Fewer than 5 rounds decide nothing.*round 4 of 7/,
  );
  assert.match(
    cautionsOf(measure({ loadAverage: [3.5, 1, 1] })).join(' '),
    /busy .*load 3\.5 on 8/,
  );
  assert.match(
    cautionsOf(measure({ pinning: { isShared: true, description: '' } })).join(' '),
    /shared a core/,
  );
  assert.match(cautionsOf(measure({ isModified: true })).join(' '), /uncommitted changes/);
});

test('says so at the top of both reports', () => {
  const few = measure({}, 2);
  assert.match(renderMarkdown(few).split('\n## ')[0] ?? '', /\n> Fewer than 5 rounds/);
  assert.match(renderPage(few, 'x.jsonl').split('<main>')[0] ?? '', /Fewer than 5 rounds/);
});
