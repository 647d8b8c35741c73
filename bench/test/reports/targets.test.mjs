import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLANS } from '../../plans/plan.mjs';
import { TARGETS } from '../../plans/target-figures.mjs';
import { Measured } from '../../reports/measured.mjs';
import { judgeTargets, renderTargets, summarizeTargets } from '../../reports/targets.mjs';
import { histogramOf } from '../../samples/record.mjs';

const SECTIONS = PLANS.targets?.sections([]) ?? [];
const CELL = { mode: 'rr', size: 512 };
const PLACE = { section: 'same-core', cell: CELL };

/**
 * A run in which a client takes so many µs per message, in each round.
 *
 * @param {Record<string, number[]>} times
 */
function runOf(times) {
  const cells = Object.entries(times).flatMap(([peer, rounds]) =>
    rounds.map((time, index) => ({
      type: /** @type {const} */ ('cell'),
      ...{ section: 'same-core', server: 'bun', peer, ...CELL, round: index + 1 },
      ...{ histogram: histogramOf([time]), times: [time], messages: 1000, elapsed: 1000 * time },
      ...{ clientUser: 600 * time, clientSystem: 400 * time },
    })),
  );
  return new Measured({ machine: { peers: [], servers: [], sections: SECTIONS }, cells });
}

/** @param {Partial<import('../../plans/target-figures.mjs').Target>} [rest] */
function target(rest) {
  return /** @type {import('../../plans/target-figures.mjs').Target} */ ({
    title: 'sync to ws',
    metric: 'time',
    ours: { ...PLACE, peer: 'wirespeed-sync' },
    theirs: { ...PLACE, peer: 'ws' },
    ...rest,
  });
}

test('has only targets that --targets measures', () => {
  for (const { ours, theirs } of TARGETS.flatMap(({ targets }) => targets)) {
    for (const { section, cell, peer } of [ours, theirs]) {
      const found = SECTIONS.find(({ name }) => name === section);
      assert.ok(found?.peers.includes(peer), `${section}: ${peer}`);
      const isSame = (/** @type {object} */ other) =>
        Object.entries(other).sort().join() === Object.entries(cell).sort().join();
      assert.ok(found.cells.some(isSame), `${section}: ${JSON.stringify(cell)}`);
    }
  }
});

test('compares time, rate and CPU, each round with the same round of the other', () => {
  const run = runOf({
    'wirespeed-sync': [10, 20, 30, 40, 50],
    ws: [20, 40, 60, 80, 100],
  });
  const ratios = [
    target({ metric: 'time', atMost: 0.6 }),
    target({ metric: 'rate', atLeast: 1.9 }),
    target({ metric: 'cpu', atMost: 0.4 }),
  ].flatMap((each) => judgeTargets(run, [each]));
  assert.deepEqual(
    ratios.map(({ ratio, isReached }) => [ratio?.median.toFixed(2), isReached]),
    [
      ['0.50', true],
      ['2.00', true],
      ['0.50', false],
    ],
  );
});

test('tells a miss that the noise could explain from one that it could not', () => {
  const run = runOf({ 'wirespeed-sync': [9, 10, 11, 12, 13], ws: [10, 10, 10, 10, 10] });
  const [near, far] = judgeTargets(run, [target({ atMost: 1 }), target({ atMost: 0.5 })]);
  assert.deepEqual([near?.isReached, near?.isClose], [false, true]);
  assert.deepEqual([far?.isReached, far?.isClose], [false, false]);
});

test('says why a target has no figure, and keeps it in the table', () => {
  const [judged] = judgeTargets(runOf({ ws: [1] }), [target({ atMost: 1 })]);
  assert.equal(judged?.isReached, false);
  assert.equal(judged?.absence, 'not reached by this run');
  const table = renderTargets(runOf({}));
  for (const { title, targets } of TARGETS) {
    assert.ok(table.includes(`**${title}**`), title);
    for (const each of targets) assert.ok(table.includes(`| ${each.title} |`), each.title);
  }
  assert.match(
    summarizeTargets(runOf({})),
    /^0 of \d+ targets are reached; 0 of the others are missed/,
  );
});
