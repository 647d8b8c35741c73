import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellTitle } from '../../plans/cells.mjs';
import { BLOCKS, renderMarkdown, sectionTitle } from '../../reports/markdown.mjs';
import { fillBlocks } from '../../reports/marked-blocks.mjs';
import { Measured } from '../../reports/measured.mjs';
import { countOutcomes, listStandings } from '../../reports/standings.mjs';
import { makeRecords } from '../support/synthetic-records.mjs';

const measured = new Measured(makeRecords({ samples: 60 }));
const text = renderMarkdown(measured);

test('has a table for every cell with a line for every client, absent ones included', () => {
  for (const section of measured.sections) {
    const part = text.split(`### ${sectionTitle(section)}\n`)[1] ?? '';
    for (const cell of section.cells) {
      const table = part.split(`**${cellTitle(cell)}**\n`)[1]?.split('\n\n')[0] ?? '';
      for (const peer of section.peers) {
        const { label } = measured.peer(peer);
        const line = `\\| (\\*\\*)?${label.replace(/[()+.]/g, '\\$&')}(\\*\\*)? \\|`;
        assert.match(table, new RegExp(line), `${section.name} ${cellTitle(cell)} ${label}`);
      }
    }
  }
  assert.match(text, /\| Deno WebSocket \| Deno · callback \| not installed: npm install/);
});

test('marks ties, saturated servers and rounds that stand out', () => {
  assert.match(text, / \| ≈ \(\d/);
  assert.match(text, /Pipelined, 512 B\*\*[\s\S]*\| picows .*, \d+\.\d+ ! \|/);
  assert.match(text, /\| undici .* † \|/);
});

test('lists exactly the cells in which a client of Wirespeed is behind or level', () => {
  const standings = listStandings(measured);
  const losses = BLOCKS.losses?.(measured) ?? '';
  const { ahead, tie, behind } = countOutcomes(standings);
  assert.ok(ahead > 0 && tie > 0 && behind > 0);
  assert.equal(losses.match(/\d×, \d/g)?.length, behind);
  assert.equal(losses.match(/ \(\d[^,()]*×\)/g)?.length, tie);
});

test('compares a client only with others of its own style that are no floor', () => {
  for (const { ours, rival } of listStandings(measured)) {
    assert.equal(rival.peer.style, ours.peer.style);
    assert.ok(!rival.peer.isFloor && !rival.peer.name.includes('wirespeed'));
  }
});

test('has the tables of the reference document, its figures beside ours', () => {
  assert.match(
    text,
    /\| picows \(RR\) \| 0\.0\d+ \| 0\.0\d+ \| 0\.0\d+ \| [^|]+ \| 0\.010 \| 1\.0× \|/,
  );
  assert.match(text, /\| websockets \(Async\) \|.*\| 61\.217 \| 20\.7× \|/);
  assert.match(text, /\| 32 KiB \| 0\.0\d+ \(0\.020\) \|/);
});

test('fills marked blocks of a document, and leaves the rest as it is', () => {
  const document = 'before\n<!-- bench: some -->\nold\n<!-- /bench -->\nafter\n';
  const filled = fillBlocks(document, { some: () => 'new' });
  assert.equal(filled, 'before\n<!-- bench: some -->\n\nnew\n\n<!-- /bench -->\nafter\n');
  assert.equal(fillBlocks(filled, { some: () => 'new' }), filled);
  assert.throws(
    () => fillBlocks(document, { other: () => '' }),
    /no block is called some; there are other/,
  );
});

test('can make every block of a document from a run of its kind', () => {
  for (const [name, render] of Object.entries(BLOCKS)) {
    const text = render(measured, measured);
    if (name.startsWith('targets')) {
      assert.equal(text, undefined, name);
      continue;
    }
    assert.ok(text !== undefined && text.length > 50, name);
    assert.doesNotMatch(text, /NaN|undefined/, name);
  }
});
