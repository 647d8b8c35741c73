import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  compareVerdicts,
  describeVerdict,
  mergeVerdicts,
  renderTable,
  serializeExpectations,
} from './verdicts.mjs';

const OK = { behavior: 'OK', behaviorClose: 'OK' };
const FAILED = { behavior: 'FAILED', behaviorClose: 'OK' };
const UNCLEAN = { behavior: 'OK', behaviorClose: 'UNCLEAN' };
const EITHER = { behavior: ['OK', 'NON-STRICT'], behaviorClose: 'OK' };

describe('the verdicts of the conformance tests', () => {
  it('are compared for every case that was to run, and for no other', () => {
    const actual = { '1.1.1': OK, '1.1.2': FAILED, '1.1.3': UNCLEAN, '1.1.5': OK };
    const expected = { '1.1.1': OK, '1.1.2': OK, '1.1.3': OK, '1.1.4': OK, '9.1.1': OK };
    const cases = ['1.1.1', '1.1.2', '1.1.3', '1.1.4', '1.1.5'];
    expect(compareVerdicts(cases, actual, expected)).toEqual([
      { id: '1.1.2', expected: OK, actual: FAILED },
      { id: '1.1.3', expected: OK, actual: UNCLEAN },
      { id: '1.1.4', expected: OK, actual: undefined },
      { id: '1.1.5', expected: undefined, actual: OK },
    ]);
  });

  it('may be one of several where that is expected', () => {
    const nonStrict = { behavior: 'NON-STRICT', behaviorClose: 'OK' };
    const compare = (verdict: typeof OK) =>
      compareVerdicts(['3.2'], { '3.2': verdict }, { '3.2': EITHER }).length;
    expect([compare(OK), compare(nonStrict), compare(FAILED)]).toEqual([0, 0, 1]);
  });

  it('are described in the words of the suite', () => {
    expect(describeVerdict(UNCLEAN)).toBe('OK, closing UNCLEAN');
    expect(describeVerdict(EITHER)).toBe('OK or NON-STRICT, closing OK');
    expect(describeVerdict(undefined)).toBe('no verdict');
  });

  it('replace expectations that they do not meet, in the order of the numbers', () => {
    const kept = { '10.1.1': OK, '3.2': EITHER, '9.1.1': OK, '9.1.2': OK };
    const cases = ['3.2', '9.1.1', '9.1.2', '9.10.1', '9.2.1'];
    const actual = {
      '9.10.1': { ...OK, reportfile: 'page' },
      '9.2.1': OK,
      '9.1.1': FAILED,
      '3.2': OK,
    };
    const merged = mergeVerdicts(kept, cases, actual);
    expect(Object.entries(merged)).toEqual([
      ['3.2', EITHER],
      ['9.1.1', FAILED],
      ['9.2.1', OK],
      ['9.10.1', OK],
      ['10.1.1', OK],
    ]);
  });

  it('are kept a case per line', () => {
    const text = serializeExpectations({ async: { '1.1.1': OK, '3.2': EITHER }, server: {} });
    expect(text.split('\n').slice(0, 4)).toEqual([
      '{',
      '  "async": {',
      '    "1.1.1": { "behavior": "OK", "behaviorClose": "OK" },',
      '    "3.2": { "behavior": ["OK", "NON-STRICT"], "behaviorClose": "OK" }',
    ]);
    expect(JSON.parse(text)).toEqual({ async: { '1.1.1': OK, '3.2': EITHER }, server: {} });
  });

  it('are told in the README as they are expected', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    const expected: Record<string, Record<string, typeof EITHER>> = JSON.parse(
      read('expected.json'),
    );
    const all = Object.entries(expected).map(([agent, verdicts]) => ({ agent, verdicts }));
    expect(read('../../README.md')).toContain(renderTable(all));
  });

  it('are counted in a table with a column for every word that occurs', () => {
    const results = [
      { agent: 'async', verdicts: { '1.1.1': OK, '1.1.2': FAILED, '1.1.3': OK } },
      { agent: 'server', verdicts: { '1.1.1': UNCLEAN, '3.2': EITHER } },
    ];
    expect(renderTable(results).trim().split('\n')).toEqual([
      '|  | cases | OK | FAILED | OK or NON-STRICT | closing OK | closing UNCLEAN |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| async | 3 | 2 | 1 | 0 | 3 | 0 |',
      '| server | 2 | 1 | 0 | 1 | 1 | 1 |',
    ]);
  });
});
