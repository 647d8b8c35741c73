/**
 * The table of docs/security.md names tests that exist.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const rows = readFileSync(at('docs/security.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('the table of attacks', () => {
  it.each(rows.map(([, name = '', promise = '', tests = '']) => [name, promise, tests] as const))(
    'names tests that exist for: %s',
    (_, promise, tests) => {
      const named = [...tests.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)];
      if (!/^Do(?:es)? not apply/.test(promise)) expect(named).not.toEqual([]);
      for (const [, file = '', titles = ''] of named) {
        expect(existsSync(at(file)), file).toBe(true);
        const source = readFileSync(at(file), 'utf8');
        for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g)) {
          expect(source, `${file} has a test "${title}"`).toContain(title);
        }
      }
      // Every file is followed by the titles that count, in the form read above.
      expect(named).toHaveLength(tests.match(/`test\//g)?.length ?? 0);
    },
  );
});
