import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip, formatNumber, formatRatio, renderTable, WIDTH, wrap } from '../../reports/table.mjs';

const ROW = {
  client: 'wirespeed events',
  style: 'callback',
  median: 1.349,
  p99: 1234.5,
  rate: 1_646_855,
  clientCpu: 0.914,
  serverCpu: 10.43,
  ratio: { median: 12.34, low: 10.06, high: 14.64, isTie: false },
};

test('lines its columns up and stays within its width', () => {
  const rows = [
    ROW,
    { ...ROW, median: 123_456.7, isReference: true, ratio: undefined, isServerSaturated: true },
  ];
  const lines = renderTable('Title', rows).split('\n');
  assert.equal(lines.length, 5);
  for (const text of lines) assert.ok(text.length <= WIDTH, text);
  const [, , , first = '', second = ''] = lines;
  assert.equal(first.indexOf('1.35') + 2, second.indexOf('123,456.70') + 8);
  assert.ok(first.endsWith('12.3× (10.1–14.6)'));
  assert.ok(second.endsWith('10.4!   1'));
});

test('says why a row has no figures, clipped to the width', () => {
  const row = { client: 'Bun WebSocket', style: 'callback', failure: `absent: ${'x'.repeat(200)}` };
  const text = renderTable('Title', [row]).split('\n').at(-1) ?? '';
  assert.ok(text.includes('Bun WebSocket') && text.includes('absent: xxx'));
  assert.equal(text.length, WIDTH);
  assert.ok(text.endsWith('…'));
});

test('shows a dash for what is not known', () => {
  const text = renderTable('Title', [
    { ...ROW, p99: undefined, serverCpu: undefined, ratio: undefined },
  ]);
  assert.match(text.split('\n').at(-1) ?? '', /1\.35 +– +1,646,855 +0\.91 +– +–$/);
});

test('paints only the title and the heads', () => {
  const paint = {
    bold: (/** @type {string} */ text) => `<b>${text}</b>`,
    dim: (/** @type {string} */ text) => `<i>${text}</i>`,
  };
  const lines = renderTable('Title', [ROW], paint).split('\n');
  assert.equal(lines[0], '<b>Title</b>');
  assert.ok(lines[1]?.startsWith('<i>') && lines[2]?.startsWith('<i>'));
  assert.ok(!lines[3]?.includes('<'));
});

test('writes ratios with their spread, and ties without a figure to quote', () => {
  assert.equal(
    formatRatio({ median: 3.42, low: 3.11, high: 3.58, isTie: false }),
    '3.4× (3.1–3.6)',
  );
  assert.equal(
    formatRatio({ median: 0.833, low: 0.811, high: 0.958, isTie: false }),
    '0.83× (0.81–0.96)',
  );
  assert.equal(formatRatio({ median: 1.01, low: 0.9, high: 1.2, isTie: true }), '≈ (0.90–1.20)');
  assert.equal(formatRatio(undefined), '–');
});

test('groups thousands before the point only', () => {
  assert.equal(formatNumber(1_234_567.891_2, 4), '1,234,567.8912');
  assert.equal(formatNumber(999, 0), '999');
  assert.equal(formatNumber(Number.NaN, 2), '–');
});

test('wraps between words and indents what follows', () => {
  const text = wrap(Array(60).fill('word').join(' '), '  ');
  const lines = text.split('\n');
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= WIDTH));
  assert.ok(lines.slice(1).every((line) => line.startsWith('  word')));
  assert.equal(clip('abcdef', 4), 'abc…');
});
