import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BLOCKS } from '../../reports/markdown.mjs';

const RESULTS = new URL('../../results/', import.meta.url);
const text = readFileSync(new URL('../../../docs/benchmark.md', import.meta.url), 'utf8');

test('keeps one run of each kind, its samples and its Markdown', () => {
  const files = readdirSync(RESULTS).filter((name) => !name.endsWith('.html'));
  const kept = files.map((name) => {
    const [, kind, type] = /^\d{4}-\d\d-\d\d-([a-z]+)(?:-\d+)?\.(jsonl\.gz|md)$/.exec(name) ?? [];
    return `${kind}.${type}`;
  });
  const expected = ['seed', 'sync', 'targets'].flatMap((kind) => [
    `${kind}.jsonl.gz`,
    `${kind}.md`,
  ]);
  assert.deepEqual(kept.sort(), expected);
});

test('marks only blocks in the documentation that the report can fill', () => {
  const names = [...text.matchAll(/<!-- bench: (\S+) -->/g)].map(([, name]) => String(name));
  assert.ok(names.length > 5);
  for (const name of names) assert.ok(Object.hasOwn(BLOCKS, name), name);
  assert.equal(text.match(/<!-- \/bench -->/g)?.length, names.length);
});

test('has no figure in the documentation outside of marked blocks, where it would go stale', () => {
  const written = text.replace(/<!-- bench: \S+ -->[\s\S]*?<!-- \/bench -->/g, '');
  assert.doesNotMatch(written, /\d\s?(×|%|µs|ms\b|times|messages)/);
});

test('has filled every marked block of the documentation', () => {
  assert.doesNotMatch(text, /<!-- bench: \S+ -->\s*<!-- \/bench -->/);
});
