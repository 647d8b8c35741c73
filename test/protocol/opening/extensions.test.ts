import { describe, expect, it } from 'vitest';
import { parseExtensions, serializeExtension } from '../../../src/protocol/opening/extensions.ts';

describe('the list of extensions (RFC 6455 §9.1)', () => {
  it('is parsed in order, with repeated names and parameters kept', () => {
    expect(parseExtensions('a; x; y=1; x=2, b,a')).toEqual([
      {
        name: 'a',
        parameters: [
          ['x', undefined],
          ['y', '1'],
          ['x', '2'],
        ],
      },
      { name: 'b', parameters: [] },
      { name: 'a', parameters: [] },
    ]);
  });

  it('may have white space around every separator, and empty elements', () => {
    expect(parseExtensions(' \t, ,a ; x = 1\t,, b ,')).toEqual([
      { name: 'a', parameters: [['x', '1']] },
      { name: 'b', parameters: [] },
    ]);
    expect(parseExtensions('')).toEqual([]);
    expect(parseExtensions('  ')).toEqual([]);
  });

  it('may have a quoted value if it is a token once unquoted', () => {
    expect(parseExtensions('a; x="10"; y="a\\b"')).toEqual([
      {
        name: 'a',
        parameters: [
          ['x', '10'],
          ['y', 'ab'],
        ],
      },
    ]);
  });

  for (const value of [
    ';',
    '=',
    'a;',
    'a; =1',
    'a; x=',
    'a; x="',
    'a; x="1',
    'a; x=""',
    'a; x="1 2"',
    'a; x="1,2"',
    'a; x="\\',
    'a b',
    'a; x y',
    'a; x=1 2',
    'a; x=1=2',
    '"a"',
    'a/b',
    'a; x="1"2',
    'ä',
    'a,;',
    'a; x="\x7f"',
  ]) {
    it(`is refused as a whole for ${JSON.stringify(value)}`, () => {
      expect(parseExtensions(value)).toBeUndefined();
    });
  }

  it('holds prototype names as names', () => {
    expect(parseExtensions('constructor; __proto__=toString')).toEqual([
      { name: 'constructor', parameters: [['__proto__', 'toString']] },
    ]);
  });

  it('is taken apart in linear time, whatever is in it', () => {
    const time = (value: string): number => {
      const start = performance.now();
      parseExtensions(value);
      return performance.now() - start;
    };
    for (const unit of [' ', '\t', 'a', ',', ';', 'a;', 'a;b=";', '"', '\\', 'a; x="\\', '=']) {
      // Ten milliseconds are enough for any linear reading of 64 KiB; a quadratic one takes seconds.
      expect(time(unit.repeat(65_536 / unit.length))).toBeLessThan(500);
    }
  });

  it('is written as it is read', () => {
    const extension = {
      name: 'a',
      parameters: [
        ['x', undefined],
        ['y', '1'],
      ],
    } as const;
    expect(serializeExtension(extension)).toBe('a; x; y=1');
    expect(parseExtensions(serializeExtension(extension))).toEqual([extension]);
  });
});
