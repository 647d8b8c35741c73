/** What the suite said: compares it with what is expected, and renders it. Pure. */

/** The suite's words, best first, as the columns of the table. */
const ORDER = ['OK', 'INFORMATIONAL', 'NON-STRICT', 'UNIMPLEMENTED'];

/**
 * @typedef {object} Verdict
 * @property {string} behavior
 * @property {string} behaviorClose
 */

/** @typedef {Record<string, Verdict>} Verdicts by case */

/**
 * @typedef {object} Expectation
 * @property {string | string[]} behavior several where it depends on timing
 * @property {string} behaviorClose
 */

/** @typedef {Record<string, Expectation>} Expectations by case */

/**
 * @typedef {object} Difference
 * @property {string} id of the case
 * @property {Expectation | undefined} expected
 * @property {Verdict | undefined} actual
 */

/**
 * Lists the cases of a run whose verdict is not the expected one, those without any verdict among them.
 *
 * @param {readonly string[]} cases that were to run
 * @param {Verdicts} actual
 * @param {Expectations} expected
 * @returns {Difference[]}
 */
export function compareVerdicts(cases, actual, expected) {
  return cases
    .map((id) => ({ id, expected: expected[id], actual: actual[id] }))
    .filter((one) => !isExpected(one.actual, one.expected));
}

function isExpected(actual, expected) {
  return (
    actual !== undefined &&
    expected !== undefined &&
    [expected.behavior].flat().includes(actual.behavior) &&
    actual.behaviorClose === expected.behaviorClose
  );
}

/** @param {Verdict | Expectation | undefined} verdict */
export function describeVerdict(verdict) {
  if (verdict === undefined) return 'no verdict';
  return `${behaviorOf(verdict)}, closing ${verdict.behaviorClose}`;
}

function behaviorOf({ behavior }) {
  return [behavior].flat().join(' or ');
}

/**
 * Puts new verdicts into the expectations, in the order of the cases' numbers. One that is met
 * already stays as it is; a case that was to run and has no verdict is dropped.
 *
 * @param {Expectations} kept
 * @param {readonly string[]} cases
 * @param {Verdicts} actual
 * @returns {Expectations}
 */
export function mergeVerdicts(kept, cases, actual) {
  const verdicts = new Map(Object.entries(kept));
  for (const id of cases) {
    if (isExpected(actual[id], kept[id])) continue;
    verdicts.delete(id);
    if (actual[id] !== undefined) {
      const { behavior, behaviorClose } = actual[id];
      verdicts.set(id, { behavior, behaviorClose });
    }
  }
  const inOrder = [...verdicts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries(inOrder);
}

/**
 * Writes expectations as JSON, a case per line.
 *
 * @param {Record<string, Expectations>} expected by agent
 */
export function serializeExpectations(expected) {
  const agents = Object.entries(expected).map(([agent, cases]) => {
    const lines = Object.entries(cases).map(([id, { behavior, behaviorClose }]) => {
      const behaviors = JSON.stringify(behavior).replaceAll(',', ', ');
      return `    "${id}": { "behavior": ${behaviors}, "behaviorClose": "${behaviorClose}" }`;
    });
    return `  "${agent}": {\n${lines.join(',\n')}\n  }`;
  });
  return `{\n${agents.join(',\n')}\n}\n`;
}

/**
 * Renders a Markdown table with a row per agent and a column per verdict, on the behavior and on the closing.
 *
 * @param {readonly { agent: string, verdicts: Verdicts | Expectations }[]} results
 */
export function renderTable(results) {
  const rows = results.map(({ agent, verdicts }) => {
    const all = Object.values(verdicts);
    return {
      agent,
      count: all.length,
      behaviors: tally(all.map(behaviorOf)),
      closings: tally(all.map((verdict) => verdict.behaviorClose)),
    };
  });
  const behaviors = words(rows.map((row) => row.behaviors));
  const closings = words(rows.map((row) => row.closings));
  const head = ['', 'cases', ...behaviors, ...closings.map((word) => `closing ${word}`)];
  const cells = rows.map(({ agent, count, behaviors: behavior, closings: closing }) => [
    agent,
    count,
    ...behaviors.map((word) => behavior.get(word) ?? 0),
    ...closings.map((word) => closing.get(word) ?? 0),
  ]);
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

function tally(list) {
  const counts = new Map();
  for (const word of list) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Every word that occurs: the known ones first, in their order. */
function words(tallies) {
  const found = new Set(tallies.flatMap((counts) => [...counts.keys()]));
  const known = ORDER.filter((word) => found.has(word));
  return [...known, ...[...found].filter((word) => !ORDER.includes(word)).sort()];
}
