import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listPeers } from '../../peers/catalogue.mjs';
import { PLANS } from '../../plans/plan.mjs';
import { newestOf, readBaseline, requirePrograms } from '../../reports/baseline.mjs';
import { compareRuns, isPassed, renderGuard } from '../../reports/guard.mjs';
import { Measured } from '../../reports/measured.mjs';
import { listServers } from '../../servers/catalogue.mjs';
import { recordOfTime } from '../support/synthetic-records.mjs';

const CELL = { mode: 'rr', size: 512 };
const SECTION = {
  name: 'other-core',
  title: 'server on another core',
  server: 'bun',
  peers: ['wirespeed-events', 'ws'],
  cells: [CELL],
};
const PEERS = [
  { name: 'wirespeed-events', label: 'wirespeed events', style: 'callback' },
  { name: 'ws', label: 'ws', style: 'callback' },
];

/**
 * A run in which the events client took the given µs for a message in each round, and ws ten µs or as many as given.
 *
 * @param {number[]} times
 * @param {{ ws?: number, section?: object, machine?: object, failure?: string }} [rest]
 */
function runOf(times, { ws = 10, section, machine, failure } = {}) {
  const sections = [{ ...SECTION, ...section }];
  const cells = times.flatMap((time, index) =>
    [
      { peer: 'wirespeed-events', time },
      { peer: 'ws', time: ws },
    ].map(({ peer, time: each }) => {
      const place = { section: 'other-core', server: 'bun', peer, ...CELL, round: index + 1 };
      return failure !== undefined && peer !== 'ws'
        ? { type: /** @type {const} */ ('cell'), ...place, failure }
        : recordOfTime(place, each);
    }),
  );
  const facts = { commit: 'c0ffee', date: '2025-01-02T03:04', peers: PEERS, servers: [], sections };
  return new Measured({ machine: { ...facts, ...machine }, cells });
}

/**
 * @param {Measured} before
 * @param {Measured} now
 */
function compare(before, now) {
  const comparisons = compareRuns(before, now);
  const text = renderGuard(comparisons, before, now, 'some.jsonl.gz');
  return { verdict: comparisons[0]?.verdict, isPassed: isPassed(comparisons), text };
}

const BEFORE = runOf([2, 2.02, 2.04, 1.98, 1.96]);

test('compares the ratios to ws, so that a slower machine loses nothing', () => {
  const {
    verdict,
    isPassed: passed,
    text,
  } = compare(BEFORE, runOf([4.2, 4.2, 4.2, 4.4, 4], { ws: 20 }));
  assert.equal(verdict, 'kept');
  assert.equal(passed, true);
  assert.match(text, /^None of 1 has lost more than 15 % outside the noise\.$/m);
  assert.match(
    text,
    /wirespeed events +4\.99× \(4\.89–5\.10×\) +4\.7\d× \(4\.5\d–4\.99×\) +−5 %$/m,
  );
});

test('fails for a loss outside the noise, and names it with both ratios and their intervals', () => {
  const { verdict, isPassed: passed, text } = compare(BEFORE, runOf([2.5, 2.5, 2.5, 2.6, 2.4]));
  assert.equal(verdict, 'lost');
  assert.equal(passed, false);
  assert.match(text, /−20 %, LOST$/m);
  assert.match(text, /^1 of 1 have lost more than 15 %, outside the noise of both runs:$/m);
  assert.match(
    text,
    /^ {2}Request-response, 512 B, server on another core, wirespeed events: 4\.99× \(.+\) before, 4\.0\d× \(.+\) now$/m,
  );
});

test('does not fail for a loss that the noise of either run could explain, and says so', () => {
  const noisyNow = compare(BEFORE, runOf([2.6, 2.6, 2.6, 2.6, 2.01]));
  const noisyBefore = compare(runOf([2, 2, 2, 2, 2.7]), runOf([2.5, 2.5, 2.5, 2.5, 2.5]));
  for (const { verdict, isPassed: passed, text } of [noisyNow, noisyBefore]) {
    assert.equal(verdict, 'noise');
    assert.equal(passed, true);
    assert.match(text, /%, within the noise$/m);
    assert.match(text, /^1 of 1 are less by more than 15 %, but within the noise/m);
  }
});

test('passes a certain but small loss, and a gain', () => {
  assert.equal(compare(BEFORE, runOf([2.3, 2.3, 2.3, 2.3, 2.3])).verdict, 'kept');
  const won = compare(BEFORE, runOf([1, 1, 1, 1, 1]));
  assert.equal(won.verdict, 'kept');
  assert.match(won.text, /\+100 %$/m);
});

const UNKNOWN = /** @type {[string, Measured, Measured, RegExp][]} */ ([
  [
    'a cell that the earlier run has not',
    runOf([2, 2, 2, 2, 2], { section: { cells: [] } }),
    BEFORE,
    /not in the earlier run$/m,
  ],
  [
    'a cell that had another server then',
    runOf([2, 2, 2, 2, 2], { section: { server: 'ws' } }),
    BEFORE,
    /then on the server of ws$/m,
  ],
  ['too few rounds now', BEFORE, runOf([9, 9, 9, 9]), /too few rounds to tell$/m],
  ['too few rounds then', runOf([2, 2]), BEFORE, /too few rounds in the earlier run$/m],
  [
    'a client that fails now',
    BEFORE,
    runOf([2, 2, 2, 2, 2], { failure: 'it broke' }),
    /wirespeed-events: it broke$/m,
  ],
]);

for (const [what, before, now, reason] of UNKNOWN) {
  test(`says what it cannot compare: ${what}`, () => {
    const { verdict, isPassed: passed, text } = compare(before, now);
    assert.equal(verdict, 'unknown');
    assert.match(text, reason);
    assert.match(text, /^Nothing could be compared/m);
    // It guards nothing then, and must not look as if it had.
    assert.equal(passed, false);
  });
}

test('says what is not the same in both runs', () => {
  const versions = { node: '22.1.0', ws: '8.23.0' };
  const { text } = compare(BEFORE, runOf([2, 2, 2, 2, 2], { machine: { versions } }));
  assert.match(
    text,
    /^Not the same in both runs: Node\.js: none then, 22\.1\.0 now; ws: none then, 8\.23\.0 now\.$/m,
  );
  assert.doesNotMatch(compare(BEFORE, BEFORE).text, /Not the same/);
});

test('measures only cells that --targets measures too, each with every client of Wirespeed', () => {
  const wider = PLANS.targets?.sections([]) ?? [];
  const sections = PLANS.guard?.sections([]) ?? [];
  assert.equal(sections.length, 6);
  for (const { name, server, peers, cells } of sections) {
    const same = wider.find((section) => section.name === name);
    assert.equal(same?.server, server);
    assert.ok(cells.length > 0, name);
    for (const cell of cells)
      assert.ok(
        same?.cells.some((other) => sameCell(other, cell)),
        name,
      );
    for (const peer of peers) assert.ok(same?.peers.includes(peer), `${name}: ${peer}`);
    assert.equal(peers.length, 4);
  }
});

/**
 * @param {object} a
 * @param {object} b
 */
function sameCell(a, b) {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
}

test('takes the newest of the committed results by their dates', () => {
  const names = [
    '2026-01-30-targets.jsonl.gz',
    '2026-02-01-targets.jsonl.gz',
    '2025-12-31-targets.jsonl.gz',
  ];
  assert.equal(newestOf(names), '2026-02-01-targets.jsonl.gz');
  assert.equal(newestOf([]), undefined);
});

test('says in one line why there is no run to compare with', () => {
  assert.throws(
    () => readBaseline('nowhere.jsonl'),
    /^UsageError: there is nothing to compare with: ENOENT/,
  );
});

test('refuses to measure without its server or a client, and says how to get them', () => {
  const sections = PLANS.guard?.sections([]) ?? [];
  const without = (/** @type {readonly { name: string, label: string }[]} */ programs) =>
    programs.map(({ name, label }) => ({ name, label, missing: 'not there', hint: `get ${name}` }));
  const present = (/** @type {readonly { name: string, label: string }[]} */ programs) =>
    programs.map(({ name, label }) => ({ name, label }));
  assert.throws(
    () => requirePrograms(sections, without(listServers()), present(listPeers())),
    /^Error: --guard cannot run without these: Bun's echo server \(not there; get bun\)$/,
  );
  assert.throws(
    () => requirePrograms(sections, present(listServers()), without(listPeers())),
    /: wirespeed sync° \(not there; get wirespeed-sync\), wirespeed async° .*get ws\)$/,
  );
  requirePrograms(sections, present(listServers()), present(listPeers()));
});
