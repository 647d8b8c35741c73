/**
 * The pages lead somewhere: their links to files and headings that are there, and the pages for whoever changes
 * the code name files that are there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const listed = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
    join(folder, path),
  );
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  ...listed('docs').filter((path) => path.endsWith('.md')),
];
/** The pages that name files of the code, from `src` or from the root on. */
const NAMING = PAGES.filter((path) =>
  /^(?:ARCHITECTURE|CONTRIBUTING|docs\/(?:internals|decisions))/.test(path),
);
const tests = new Set(listed('test').map((path) => basename(path)));

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** Returns the anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function isThere(name: string): boolean {
  if (name.endsWith('.test.ts') && !name.includes('/')) return tests.has(name);
  return existsSync(join(root, name)) || existsSync(join(root, 'src', name));
}

describe.each(PAGES)('%s', (page) => {
  it('has links that lead somewhere', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchors(target).has(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe.each(NAMING)('%s', (page) => {
  it('names files that are there', () => {
    const named = [...read(page).matchAll(/`([\w./-]+\.(?:ts|mjs|md)|[\w.-]+(?:\/[\w.-]+)*\/)`/g)];
    expect(named.map(([, name = '']) => name).filter((name) => !isThere(name))).toEqual([]);
  });
});
