import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Measured } from '../../reports/measured.mjs';
import { parseSamples } from '../../samples/samples-file.mjs';
import { MODELS, makeRecords, timeOf, toJsonLines } from './synthetic-records.mjs';

test('makes the same records for the same seed, and others for another', () => {
  const options = { rounds: 1, samples: 5 };
  assert.deepEqual(makeRecords(options), makeRecords(options));
  assert.notDeepEqual(makeRecords({ ...options, seed: 2 }).cells, makeRecords(options).cells);
});

test('makes records whose medians are those of their models', () => {
  const measured = new Measured(parseSamples(toJsonLines(makeRecords({ rounds: 5 })), 'made'));
  const [section] = measured.sections;
  assert.ok(section);
  for (const cell of section.cells) {
    for (const { peer, summary } of measured.rows(section, cell)) {
      const model = MODELS[peer.name];
      if (!summary || !model) continue;
      const ratio = summary.median / timeOf(model, cell);
      assert.ok(ratio > 0.98 && ratio < 1.06, `${peer.name} ${cell.mode} ${cell.size}: ${ratio}`);
    }
  }
});
