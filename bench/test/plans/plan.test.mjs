import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Outcomes } from '../../harness/outcomes.mjs';
import { listPeers } from '../../peers/catalogue.mjs';
import { cellTitle } from '../../plans/cells.mjs';
import { chooseServers, EACH, filterSections, PLANS } from '../../plans/plan.mjs';
import { planTaskFor } from '../../plans/tasks.mjs';
import { readSamples } from '../../samples/samples-file.mjs';
import { SERVER_NAMES } from '../../servers/catalogue.mjs';

const NO_FILTERS = { peers: undefined, sizes: undefined, modes: undefined, servers: undefined };
const CELL = { mode: 'rr', size: 512 };

/** @param {string} plan */
function sectionsOf(plan) {
  return PLANS[plan]?.sections(listPeers().map(({ name }) => name)) ?? [];
}

/** @param {object} [rest] */
function record(rest) {
  const place = { section: 'main', server: 'bun', peer: 'ws', ...CELL, round: 1 };
  return /** @type {import('../../samples/record.mjs').CellRecord} */ ({
    type: 'cell',
    ...place,
    ...rest,
  });
}

for (const plan of Object.keys(PLANS)) {
  test(`names in --${plan} only clients and servers that there are, and each section once`, () => {
    const sections = sectionsOf(plan);
    const peers = new Set(listPeers().map(({ name }) => name));
    for (const section of sections) {
      assert.ok([...SERVER_NAMES, EACH].includes(section.server), section.server);
      for (const name of section.peers) assert.ok(peers.has(name), name);
      const titles = section.cells.map(cellTitle);
      assert.equal(new Set(titles).size, titles.length, section.name);
    }
    assert.equal(new Set(sections.map(({ name }) => name)).size, sections.length);
  });
}

test('has every size of the reference document in its two tables', () => {
  const titles = sectionsOf('seed')[0]?.cells.map(cellTitle) ?? [];
  for (const size of ['512 B', '1 KiB', '2 KiB', '4 KiB', '8 KiB', '16 KiB', '32 KiB', '64 KiB']) {
    assert.ok(titles.includes(`Request-response, ${size}`), size);
  }
  for (const size of ['512 B', '1 KiB', '4 KiB', '16 KiB', '64 KiB']) {
    assert.ok(titles.includes(`Pipelined, ${size}`), size);
  }
});

test('leaves of a plan what the flags name', () => {
  const sections = sectionsOf('seed');
  assert.deepEqual(filterSections(sections, NO_FILTERS), sections);
  const filters = { peers: ['ws'], sizes: [512], modes: ['rr'], servers: ['fastwebsockets'] };
  assert.deepEqual(
    filterSections(sections, filters).map(({ server, peers, cells }) => ({ server, peers, cells })),
    [{ server: 'fastwebsockets', peers: ['ws'], cells: [CELL] }],
  );
  assert.deepEqual(filterSections(sections, { ...NO_FILTERS, sizes: [9] }), []);
  const servers = sectionsOf('full').filter(({ server }) => server === EACH);
  const [load] = filterSections(servers, { ...NO_FILTERS, servers: ['bun', 'ws'] });
  assert.deepEqual(load?.peers, ['server-ws', 'server-bun']);
  const [named] = filterSections(servers, { ...NO_FILTERS, peers: ['ws', 'server-ws'] });
  assert.deepEqual(named?.peers, ['server-ws']);
  assert.deepEqual(filterSections(servers, { ...NO_FILTERS, peers: ['ws'] }), []);
});

test('asks for stamps only where they have room in the message', () => {
  assert.equal(planTaskFor({ mode: 'rr', size: 16 }, 100, false, true).isStamped, true);
  assert.equal(planTaskFor({ mode: 'rr', size: 15 }, 100, false, true).isStamped, false);
  assert.equal(planTaskFor({ mode: 'rr', size: 16 }, 100, false, false).isStamped, false);
});

test('compresses what the cell names, whose replies have no room for stamps', () => {
  const task = planTaskFor({ mode: 'rr', size: 1024, compression: 'json' }, 100, false, true);
  assert.equal(task.isCompressed, true);
  assert.equal(task.content, 'json');
  assert.equal(task.isStamped, false);
  const plain = planTaskFor({ mode: 'rr', size: 1024, content: 'mixed' }, 100, false, true);
  assert.equal(plain.isCompressed, false);
  assert.equal(plain.content, 'mixed');
});

test('measures no cell of a round twice', () => {
  const outcomes = new Outcomes([record()]);
  assert.equal(outcomes.isWanted('main', 'ws', CELL, 1), false);
  assert.equal(outcomes.isWanted('main', 'ws', CELL, 2), true);
  assert.equal(outcomes.isWanted('second', 'ws', CELL, 1), true);
  assert.equal(outcomes.isWanted('main', 'bun', CELL, 1), true);
  assert.equal(outcomes.isWanted('main', 'ws', { ...CELL, size: 8 }, 1), true);
  assert.equal(outcomes.hasFailures, false);
});

test('gives a client up in a cell after two failures, or after one hang', () => {
  const outcomes = new Outcomes();
  outcomes.add(record({ failure: 'refused' }));
  assert.equal(outcomes.isWanted('main', 'ws', CELL, 2), true);
  outcomes.add(record({ failure: 'refused', round: 2 }));
  assert.equal(outcomes.isWanted('main', 'ws', CELL, 3), false);
  outcomes.add(record({ failure: 'no answer', isHang: true, peer: 'bun' }));
  assert.equal(outcomes.isWanted('main', 'bun', CELL, 2), false);
  assert.equal(outcomes.hasFailures, true);
});

test('goes on with a file whose last line was cut off, and with nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wirespeed-bench-'));
  try {
    const path = join(folder, 'samples.jsonl');
    const whole = `{"type":"machine"}\n${JSON.stringify(record())}\n{"type":"resumed"}\n`;
    writeFileSync(path, `${whole}{"type":"ce`);
    assert.deepEqual(readSamples(path).cells, [record()]);
    assert.equal(readFileSync(path, 'utf8'), whole);
    writeFileSync(path, `${JSON.stringify(record())}\n`);
    assert.throws(() => readSamples(path), /does not begin with a machine/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('replaces each missing server by another one, unless it is essential to its section', () => {
  const section = (/** @type {string} */ name, /** @type {string} */ server, rest = {}) => ({
    name,
    title: name,
    server,
    peers: ['ws'],
    cells: [CELL],
    ...rest,
  });
  const sections = [
    section('main', 'tokio-tungstenite'),
    section('second', 'fastwebsockets'),
    section('again', 'tokio-tungstenite'),
    section('published', 'websockets', { isServerEssential: true }),
  ];
  assert.deepEqual(
    chooseServers(sections, ['ws', 'bun', 'wirespeed']).map(({ server }) => server),
    ['bun', 'wirespeed', 'bun', 'websockets'],
  );
  assert.match(chooseServers(sections, ['ws'])[0]?.title ?? '', /ws instead of tokio-tungstenite/);
  const all = ['tokio-tungstenite', 'fastwebsockets', 'websockets'];
  assert.deepEqual(chooseServers(sections, all), sections);
});

test('warms up by messages as well as by time, with fewer of large ones and more in a fresh process', () => {
  const messages = (/** @type {string} */ mode, /** @type {number} */ size, isFirst = false) =>
    planTaskFor({ mode, size }, 100, isFirst, false).warmUp.messages;
  assert.equal(messages('rr', 512), 1000);
  assert.equal(messages('rr', 512, true), 2000);
  assert.equal(messages('rr', 65_536), 256);
  assert.equal(messages('rr', 20 * 1024 * 1024), 2);
  assert.equal(messages('pipelined', 512), 10_000);
  const compressed = planTaskFor(
    { mode: 'pipelined', size: 65_536, compression: 'json' },
    100,
    false,
    false,
  );
  assert.equal(compressed.warmUp.messages, 80);
  const many = planTaskFor({ mode: 'rr', size: 512, connections: 1000 }, 100, false, false);
  assert.equal(many.warmUp.messages, 2000);
});
