/** Writes the reports of a samples' file, and fills what documents take from them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BLOCKS, renderMarkdown } from './markdown.mjs';
import { fillBlocks } from './marked-blocks.mjs';
import { Measured, readRecords } from './measured.mjs';

/** Documents with marked blocks, from the root of the project. */
const DOCUMENTS = ['README.md'];

/**
 * Writes the Markdown beside the samples, or into another directory.
 *
 * @param {string} path of the samples
 * @param {string} [directory]
 * @returns {{ measured: Measured, written: string[] }}
 */
export function writeReports(path, directory = dirname(path)) {
  const measured = new Measured(readRecords(path));
  const name = basename(path).replace(/\.jsonl?$/, '');
  const markdown = join(directory, `${name}.md`);
  writeFileSync(markdown, `${renderMarkdown(measured)}\n`);
  return { measured, written: [markdown] };
}

/**
 * Fills the marked blocks of the project's documents.
 *
 * @param {Measured} measured
 * @returns {string[]} the paths of those that have any
 */
export function writeDocuments(measured) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const blocks = Object.fromEntries(
    Object.entries(BLOCKS).map(([name, render]) => [name, () => render(measured)]),
  );
  return DOCUMENTS.map((name) => join(root, name)).filter((path) => {
    const before = readFileSync(path, 'utf8');
    const after = fillBlocks(before, blocks);
    if (after !== before) writeFileSync(path, after);
    return after !== before;
  });
}

/** @param {string} path for people */
export function shortPath(path) {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}
