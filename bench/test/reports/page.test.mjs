import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { cellTitle } from '../../plans/cells.mjs';
import { PLANS } from '../../plans/plan.mjs';
import { TARGETS } from '../../plans/target-figures.mjs';
import { Measured } from '../../reports/measured.mjs';
import { renderPage } from '../../reports/page/page.mjs';
import { bucketOf } from '../../samples/record.mjs';
import { makeRecords } from '../support/synthetic-records.mjs';

const records = makeRecords({ samples: 40 });
const measured = new Measured(records);
const page = renderPage(measured, 'run.jsonl');

/** @param {string} id */
function blockOf(id) {
  const block = new RegExp(`<script [^>]*id="${id}">([^<]*)</script>`).exec(page)?.[1];
  assert.ok(block, id);
  return block;
}

test('needs nothing but itself: no address, no import, no link but to the samples', () => {
  const code = page.replace(/createElementNS\('http:\/\/www\.w3\.org\/2000\/svg'/, '');
  assert.doesNotMatch(
    code,
    /https?:|@import|url\(|<link|<iframe|<img|\ssrc=|import\(|fetch\(|XMLHttp/,
  );
  for (const [, target] of page.matchAll(/\shref="([^"]*)"/g)) {
    assert.match(String(target), /^(#[a-z]+|#cell=[\w%-]+|run\.jsonl)$/);
  }
});

test('links only to sections that are there', () => {
  for (const [, id] of page.matchAll(/href="#([a-z]+)"/g))
    assert.ok(page.includes(`id="${id}"`), id);
});

test('links every field of the matrix to a cell that its script knows', () => {
  const data = JSON.parse(blockOf('data'));
  const places = data.sections.flatMap((/** @type {any} */ { name, cells }) =>
    cells.map((/** @type {any} */ { mode, details }) => `${name}/${mode}/${details}`),
  );
  const linked = [...page.matchAll(/href="#cell=([^"]+)"/g)].map(([, place]) =>
    decodeURIComponent(String(place)),
  );
  assert.ok(linked.length > 100);
  for (const place of linked) assert.ok(places.includes(place), place);
});

test('has a table for every cell, with every client in it', () => {
  for (const section of measured.sections) {
    for (const cell of section.cells) {
      const table = page.split(`<p class="caption">${cellTitle(cell)}</p>`).slice(1);
      assert.ok(table.length > 0, cellTitle(cell));
      for (const { peer } of measured.rows(section, cell)) {
        assert.ok(
          table.some((text) => text.split('</table>')[0]?.includes(peer.label)),
          peer.label,
        );
      }
    }
  }
});

test('gives its script every row of every cell, with what failed and what is absent', () => {
  const data = JSON.parse(blockOf('data'));
  assert.deepEqual(
    data.sections.map((/** @type {any} */ { cells }) => cells.length),
    measured.sections.map(({ cells }) => cells.length),
  );
  const names = data.peers.map((/** @type {any} */ { name }) => name);
  for (const [index, section] of measured.sections.entries()) {
    for (const { rows } of data.sections[index].cells) {
      const shown = rows.map((/** @type {any} */ { peer }) => names[peer]);
      assert.deepEqual(shown.toSorted(), section.peers.toSorted());
      for (const row of rows) assert.ok(row.median > 0 || row.memory > 0 || row.failure);
    }
  }
});

test('counts every sample in the bars of a distribution', () => {
  const data = JSON.parse(blockOf('data'));
  const [row] = data.sections[0].cells[0].rows;
  const counts = row.bars.slice(1);
  assert.equal(
    counts.reduce((/** @type {number} */ sum, /** @type {number} */ count) => sum + count, 0),
    7 * 40,
  );
});

test('carries the samples kept of every round', () => {
  const samples = JSON.parse(gunzipSync(Buffer.from(blockOf('samples'), 'base64')).toString());
  const record = records.cells.find(({ peer, failure }) => peer === 'ws' && !failure);
  const index = Object.keys(Object.fromEntries(measured.peers)).indexOf('ws');
  assert.deepEqual(samples[0][0][index][1], record?.times?.map(bucketOf));
});

test('has a script that parses, and nothing in its data that could end its element', () => {
  const code = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
  assert.ok(code.length > 1000);
  assert.doesNotThrow(() => new Script(code));
  const hostile = structuredClone(records);
  Object.assign(hostile.machine, { cpu: '</script><b>"&' });
  for (const cell of hostile.cells) if (cell.failure) cell.failure = '</script><i>';
  const text = renderPage(new Measured(hostile), 'run.jsonl');
  assert.doesNotMatch(text, /<b>"&|<\/script><i>/);
  assert.match(text, /&lt;\/script&gt;&lt;b&gt;&quot;&amp;/);
});

test('shows the machine, the versions and the commit', () => {
  for (const text of ['Imaginary CPU @ 3.00GHz', '0123456789ab', 'python 3.13.0', '--seed']) {
    assert.ok(page.includes(text), text);
  }
});

test('leaves out what a run has nothing for', () => {
  const [section] = measured.sections;
  const cells = section?.cells.slice(0, 1) ?? [];
  const machine = { ...records.machine, sections: [{ ...section, peers: ['ws', 'bun'], cells }] };
  const small = renderPage(new Measured({ machine, cells: records.cells }), 'run.jsonl');
  assert.doesNotMatch(small.split('<script')[0] ?? '', /id="claims"|href="#claims"|NaN/);
  assert.match(small, /no client of Wirespeed/);
  assert.doesNotMatch(small, /id="sizes"|href="#sizes"|id="targets"/);
  assert.doesNotThrow(() => renderPage(new Measured({ machine, cells: [] }), 'run.jsonl'));
});

test('shows the targets of a run that is about them, missed ones included', () => {
  const machine = { ...records.machine, sections: PLANS.targets?.sections([]) };
  const text = renderPage(new Measured({ machine, cells: [] }), 'run.jsonl');
  const [, part = ''] = text.split('<section id="targets">');
  for (const { targets } of TARGETS) {
    for (const { title } of targets) assert.ok(part.includes(`>${title}</th>`), title);
  }
  assert.match(text, /href="#targets"/);
});
