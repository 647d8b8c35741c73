import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDLE_CONNECTIONS } from '../../plans/cells.mjs';
import { isMeasured, Measured, slownessOf } from '../../reports/measured.mjs';
import { listStandings } from '../../reports/standings.mjs';
import { parseSamples } from '../../samples/samples-file.mjs';
import { makeRecords, toJsonLines } from '../support/synthetic-records.mjs';

const CELL = { mode: 'rr', size: 512 };
const records = makeRecords({ samples: 120 });
const measured = new Measured(records);

test('reads back what was written, without a last line that was cut off', () => {
  const text = toJsonLines(makeRecords({ rounds: 1, samples: 5 }));
  const whole = parseSamples(text, 'made');
  const cut = parseSamples(text.slice(0, -20), 'made');
  assert.equal(cut.cells.length, whole.cells.length - 1);
  assert.throws(
    () => parseSamples('{"type":"cell"}\n', 'some.jsonl'),
    /some\.jsonl does not begin/,
  );
  assert.throws(
    () => parseSamples('{}\nnonsense\n{}\n', 'some.jsonl'),
    /some\.jsonl:2 is not JSON/,
  );
});

test('has a row for every client of every cell, measured or not', () => {
  for (const section of measured.sections) {
    for (const cell of section.cells) {
      const names = measured.rows(section, cell).map(({ peer }) => peer.name);
      assert.deepEqual(names.toSorted(), section.peers.toSorted());
    }
  }
});

test('puts the fastest first, and what has no figures last', () => {
  const [section] = measured.sections;
  const rows = section ? measured.rows(section, CELL) : [];
  const medians = rows.flatMap(({ summary }) => summary?.median ?? []);
  assert.deepEqual(
    medians,
    medians.toSorted((a, b) => a - b),
  );
  assert.ok(rows.slice(0, medians.length).every(isMeasured));
});

test('says why a row has no figures: absent, failed, or not reached', () => {
  assert.match(String(measured.row('main', CELL, 'deno')?.failure), /^not installed: npm install/);
  const failed = measured.row('main', { mode: 'rr', size: 65_536 }, 'fastwebsockets');
  assert.equal(failed?.failure, 'reply 12 is not what was sent');
  assert.equal(failed?.failures.length, 7);
  const interrupted = new Measured({ ...records, cells: [] });
  assert.match(String(interrupted.row('main', CELL, 'ws')?.failure), /not reached/);
});

test('blames the server where that is what is absent', () => {
  const machine = structuredClone(records.machine);
  Object.assign(machine.servers[0] ?? {}, { missing: 'not built', hint: 'npm run bench:setup' });
  const row = new Measured({ machine, cells: [] }).row('main', CELL, 'ws');
  assert.equal(row?.failure, 'server not built: npm run bench:setup');
});

test('keeps an outlying round in the figures, and names it', () => {
  const row = measured.row('main', CELL, 'undici');
  assert.deepEqual(row?.summary?.outliers, [3]);
  assert.equal(row?.summary?.times.count, 7 * 120);
});

test('lets the last line of a cell that was run again count', () => {
  const again = records.cells.find(({ peer, failure }) => peer === 'ws' && !failure);
  assert.ok(again);
  const twice = new Measured({ ...records, cells: [...records.cells, { ...again, messages: 1 }] });
  const rounds = twice.row(again.section, again, 'ws')?.rounds;
  assert.equal(rounds?.size, 7);
  assert.equal(rounds?.get(again.round)?.messages, 1);
  const { section, server, peer, mode, size, round } = again;
  const failed = { section, server, peer, mode, size, round, failure: 'refused' };
  const mended = new Measured({ ...records, cells: [failed, ...records.cells] });
  assert.deepEqual(mended.row(section, again, 'ws')?.failures, []);
  const spoilt = new Measured({ ...records, cells: [...records.cells, failed] });
  assert.deepEqual(spoilt.row(section, again, 'ws')?.failures, ['refused']);
  assert.equal(spoilt.row(section, again, 'ws')?.rounds.size, 6);
});

test('tells apart cells that differ in their content or their connections only', () => {
  const cells = [CELL, { ...CELL, content: 'ascii' }, { ...CELL, connections: 10 }];
  const [first] = records.cells;
  const machine = {
    ...records.machine,
    sections: [{ ...measured.sections[0], peers: ['ws'], cells }],
  };
  const both = new Measured({
    machine,
    cells: cells.map((cell, index) => ({ ...first, ...cell, peer: 'ws', round: index + 1 })),
  });
  for (const [index, cell] of cells.entries()) {
    assert.deepEqual([...(both.row('main', cell, 'ws')?.rounds.keys() ?? [])], [index + 1]);
  }
});

test('takes the median over rounds of the memory of a connection', () => {
  const cell = { mode: 'memory', size: 0 };
  const machine = {
    ...records.machine,
    sections: [{ ...measured.sections[0], peers: ['ws'], cells: [cell] }],
  };
  const cells = [3000, 9000, 2000].map((bytesPerConnection, index) => ({
    type: /** @type {'cell'} */ ('cell'),
    section: 'main',
    server: 'bun',
    peer: 'ws',
    ...cell,
    round: index + 1,
    bytesPerConnection,
  }));
  const row = new Measured({ machine, cells }).row('main', cell, 'ws');
  assert.equal(row?.memory, 3000);
  assert.deepEqual(
    [...(row?.figures ?? [])],
    [
      [1, 3000],
      [2, 9000],
      [3, 2000],
    ],
  );
  assert.equal(row?.failure, undefined);
});

test('compares two rows round by round', () => {
  const row = (/** @type {string} */ peer) => measured.row('main', CELL, peer);
  const ratio = slownessOf(row('websockets-sync'), row('wirespeed-sync'));
  assert.ok(ratio && ratio.median > 4.2 && ratio.median < 4.7 && !ratio.isTie, `${ratio?.median}`);
  assert.equal(slownessOf(row('deno'), row('ws')), undefined);
  assert.equal(slownessOf(undefined, row('ws')), undefined);
});

test('compares the memory of two rows like their times, and servers with servers', () => {
  const cell = { mode: 'idle', size: 20, connections: IDLE_CONNECTIONS.plain };
  const memory = (/** @type {string} */ peer) => measured.row('idle', cell, peer);
  const ratio = slownessOf(memory('ws'), memory('wirespeed-sync'));
  assert.ok(ratio && ratio.median > 1.5 && ratio.median < 2, `${ratio?.median}`);
  const standings = listStandings(measured).filter(({ section }) => section.name === 'servers');
  assert.deepEqual(
    [
      ...new Set(standings.map(({ ours, rival }) => `${ours.peer.name} ${rival.peer.name}`)),
    ].toSorted(),
    ['server-wirespeed server-fastwebsockets', 'server-wirespeed server-ws'],
  );
  const server = measured.row('servers', { mode: 'rr', size: 512, connections: 64 }, 'server-ws');
  assert.equal(server?.summary?.isServerSaturated, false);
  assert.equal(server?.peer.language, undefined);
  assert.equal(measured.serverLabel('servers'), 'each server in turn');
});
