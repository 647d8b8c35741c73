import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMS, judgeClaims, verdictOf } from '../../reports/claims.mjs';
import { Measured } from '../../reports/measured.mjs';
import { MODELS, makeRecords } from '../support/synthetic-records.mjs';

/** @param {Record<string, object>} changes to the models */
function judgements(changes) {
  const models = Object.fromEntries(
    Object.entries(MODELS).map(([name, model]) => [name, { ...model, ...changes[name] }]),
  );
  return judgeClaims(new Measured(makeRecords({ samples: 40, models })));
}

/** @param {ReturnType<typeof judgements>} all @param {RegExp} quote */
function find(all, quote) {
  const found = all.find(({ claim }) => quote.test(claim.quote));
  assert.ok(found, String(quote));
  return found;
}

const SLOWER = [
  'websocket-rs-sync',
  'websocket-client',
  'websockets-async',
  'websockets-sync',
  'websocket-rs-tokio',
];

test('judges every headline claim of the reference document', () => {
  assert.equal(judgements({}).length, CLAIMS.length);
});

test('lets a claim hold when every comparison on the neutral server reaches what was claimed', () => {
  const changes = Object.fromEntries(SLOWER.map((name) => [name, { rr: 200, perKiB: 4 }]));
  const { verdict, sentence } = find(judgements(changes), /picows dominates RR/);
  assert.equal(verdict, 'holds');
  assert.match(sentence, /ahead in 10 of 10 comparisons/);
});

test('tells a claim that holds in direction only', () => {
  const changes = Object.fromEntries(SLOWER.map((name) => [name, { rr: 36, perKiB: 1 }]));
  const { verdict } = find(judgements(changes), /picows dominates RR/);
  assert.equal(verdict, 'direction');
});

test('lets one tie or one loss among the comparisons refute a claim of dominance', () => {
  const changes = {
    picows: { rr: 23, perKiB: 0.55 },
    'websocket-rs-sync': { rr: 23, perKiB: 0.55 },
  };
  const { verdict, sentence } = find(judgements(changes), /picows dominates RR/);
  assert.equal(verdict, 'fails');
  assert.match(sentence, /a tie/);
});

test('finds what holds only as the document measured it: all at once, through a task and a queue', () => {
  const changes = {
    'picows-as-published': { pipelined: 60, perKiB: 2 },
    'websocket-rs-tokio': { pipelined: 12, perKiB: 1.2 },
  };
  const { verdict, sentence } = find(judgements(changes), /12x faster than picows/);
  assert.equal(verdict, 'method');
  assert.match(sentence, /picows takes 0\.\d+× .* time of websocket-rs Tokio/);
  assert.match(sentence, /picows as published takes 1\d\.\d× .* time of websocket-rs Tokio/);
});

test('says so when a saturated server narrows the ratios', () => {
  assert.match(
    find(judgements({}), /21x faster than websockets/).sentence,
    /The server was saturated/,
  );
});

test('decides nothing where the noise reaches from a tie to what was claimed', () => {
  const records = makeRecords({ samples: 40 });
  for (const record of records.cells) {
    if (record.peer !== 'websocket-client' || !record.histogram) continue;
    // As fast as websocket-rs in some rounds, three times slower in others.
    const shift = Math.round(128 * Math.log2(record.round % 2 ? 0.35 : 1.2));
    record.histogram = record.histogram.map(([bucket, count]) => [bucket + shift, count]);
  }
  const all = judgeClaims(new Measured(records));
  assert.equal(find(all, /1\.85x faster/).verdict, 'undecided');
});

test('judges nothing without the clients', () => {
  const missing = { missing: 'not installed', hint: 'npm run bench:setup' };
  const { verdict, sentence } = find(judgements({ picows: missing }), /picows dominates RR/);
  assert.equal(verdict, 'unknown');
  assert.match(sentence, /did not measure/);
});

test('weighs the neutral ground before the published one', () => {
  assert.equal(verdictOf('size', undefined), 'holds');
  assert.equal(verdictOf('direction', 'size'), 'method');
  assert.equal(verdictOf('direction', 'none'), 'direction');
  assert.equal(verdictOf('none', 'direction'), 'method');
  assert.equal(verdictOf('none', 'none'), 'fails');
  assert.equal(verdictOf(undefined, 'size'), 'unknown');
  assert.equal(verdictOf('undecided', 'size'), 'undecided');
});
