/** Writes the reports of a samples file, and fills the marked blocks of documents. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BLOCKS, renderMarkdown } from './markdown.mjs';
import { fillBlocks } from './marked-blocks.mjs';
import { Measured, readRecords } from './measured.mjs';
import { renderPage } from './page/page.mjs';

/** Documents with marked blocks, from the root of the project. */
const DOCUMENTS = ['README.md', 'docs/benchmark.md', 'docs/performance.md'];

/** The block that `npm run bench:wire` fills. No run with a plan has figures for it. */
export const MESSAGE_COST = 'message-cost';

/**
 * Writes Markdown and a page of charts beside the samples, or into another directory.
 *
 * @param {string} path of the samples
 * @param {string} [directory]
 * @returns {{ measured: Measured, written: string[] }}
 */
export function writeReports(path, directory = dirname(path)) {
  const measured = new Measured(readRecords(path));
  const name = basename(path).replace(/\.jsonl?(\.gz)?$/, '');
  const markdown = join(directory, `${name}.md`);
  const page = join(directory, `${name}.html`);
  writeFileSync(markdown, `${renderMarkdown(measured)}\n`);
  writeFileSync(page, renderPage(measured, linkTo(path, directory)));
  return { measured, written: [markdown, page] };
}

/**
 * Fills the marked blocks of the project's documents.
 *
 * @param {Measured} measured
 * @param {Measured} [earlier] run of the same plan, to compare with
 * @returns {string[]} the paths of the documents that have changed
 */
export function writeDocuments(measured, earlier) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const ofRun = Object.entries(BLOCKS).map(([name, render]) => [
    name,
    () => render(measured, earlier),
  ]);
  const blocks = { ...Object.fromEntries(ofRun), [MESSAGE_COST]: () => undefined };
  return DOCUMENTS.map((name) => join(root, name)).filter((path) => {
    const before = readFileSync(path, 'utf8');
    const after = fillBlocks(before, blocks);
    if (after !== before) writeFileSync(path, after);
    return after !== before;
  });
}

/**
 * @param {string} path
 * @param {string} directory of the page
 */
function linkTo(path, directory) {
  return relative(directory, path).split(sep).map(encodeURIComponent).join('/');
}

/** @param {string} path for people */
export function shortPath(path) {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
}
