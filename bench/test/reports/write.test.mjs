import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { writeReports } from '../../reports/write.mjs';
import { makeRecords, toJsonLines } from '../support/synthetic-records.mjs';

const folder = mkdtempSync(join(tmpdir(), 'wirespeed-reports-'));
const text = toJsonLines(makeRecords({ rounds: 1, samples: 3 }));

after(() => rmSync(folder, { recursive: true }));

test('writes both reports beside the samples, packed or not, and links to them', () => {
  for (const [name, bytes] of Object.entries({ 'a.jsonl': text, 'b.jsonl.gz': gzipSync(text) })) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const { written } = writeReports(path);
    const stem = path.replace(/\.jsonl.*/, '');
    assert.deepEqual(written, [`${stem}.md`, `${stem}.html`]);
    assert.ok(readFileSync(`${stem}.html`, 'utf8').includes(`href="${name}"`));
    assert.match(readFileSync(`${stem}.md`, 'utf8'), /^# Wirespeed benchmark\n/);
  }
});

test('links to the samples from another directory', () => {
  const path = join(folder, 'some run.jsonl');
  writeFileSync(path, text);
  const other = mkdtempSync(join(folder, 'other-'));
  const [, page = ''] = writeReports(path, other).written;
  assert.equal(page, join(other, 'some run.html'));
  assert.match(readFileSync(page, 'utf8'), /href="\.\.\/some%20run\.jsonl"/);
});

test('says so when a file is not of a run that can be reported', () => {
  const path = join(folder, 'quick.jsonl');
  writeFileSync(path, '{"type":"machine"}\n{"type":"cell"}\n');
  assert.throws(() => writeReports(path), /quick\.jsonl is not of a run with --seed/);
});
