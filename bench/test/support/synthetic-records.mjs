/** A run that never was: records as `--seed` writes them, of clients whose speeds are known. */
import { IDLE_CONNECTIONS } from '../../plans/cells.mjs';
import { histogramOf } from '../../samples/record.mjs';

export const SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
const PIPELINED_SIZES = [512, 1024, 4096, 16_384, 65_536];
const ENDS = [512, 65_536];

/**
 * @typedef {object} Model
 * @property {string} label
 * @property {string} style
 * @property {string} language
 * @property {boolean} [isFloor]
 * @property {string} [missing]
 * @property {string} [hint]
 * @property {number} rr µs of a round trip of nothing
 * @property {number} pipelined µs per message of nothing, window full
 * @property {number} perKiB µs
 * @property {string} [server] that it loads
 * @property {number} [failsFrom] bytes from which on it fails
 */

/** @type {Record<string, Model>} */
export const MODELS = {
  'wirespeed-sync': model('wirespeed sync', 'blocking', 'Node.js', 21, 3.1, 0.7),
  'wirespeed-async': model('wirespeed async', 'await', 'Node.js', 30, 2.2, 0.6),
  'wirespeed-events': model('wirespeed events', 'callback', 'Node.js', 27, 1.4, 0.5),
  ws: model('ws + bufferutil', 'callback', 'Node.js', 36, 6.9, 0.9),
  undici: model('undici', 'callback', 'Node.js', 44, 9.1, 3.2),
  node: model('Node.js WebSocket', 'callback', 'Node.js', 46, 9.6, 3.2),
  websocket: model('websocket (npm)', 'callback', 'Node.js', 48, 14, 4.4),
  'faye-websocket': model('faye-websocket', 'callback', 'Node.js', 52, 17, 9),
  bun: model('Bun WebSocket', 'callback', 'Bun', 27.1, 4.4, 0.62),
  deno: {
    ...model('Deno WebSocket', 'callback', 'Deno', 0, 0, 0),
    missing: 'not installed',
    hint: 'npm install --no-save @deno/linux-x64-glibc@2.9.6',
  },
  picows: model('picows', 'callback', 'Python', 24, 1.2, 0.55),
  'picows-websockets': model('picows.websockets', 'await', 'Python', 39, 5, 0.7),
  'picows-as-published': model('picows as published', 'await', 'Python', 0, 9, 1.4),
  'websocket-rs-sync': model('websocket-rs sync', 'blocking', 'Python', 23, 4.4, 0.8),
  'websocket-rs-async': model('websocket-rs async', 'await', 'Python', 33, 3.4, 0.9),
  'websocket-rs-callback': model('websocket-rs callback', 'callback', 'Python', 29, 2.9, 0.9),
  'websocket-rs-tokio': model('websocket-rs Tokio', 'await', 'Python', 88, 12, 1.2),
  'websocket-client': model('websocket-client', 'blocking', 'Python', 41, 19, 2.4),
  'websockets-sync': model('websockets sync', 'blocking', 'Python', 93, 36, 7),
  'websockets-async': model('websockets async', 'await', 'Python', 71, 29, 7),
  aiohttp: model('aiohttp', 'await', 'Python', 55, 13, 1.6),
  'tokio-tungstenite': model('tokio-tungstenite', 'await', 'Rust', 26, 1.1, 0.35),
  fastwebsockets: { ...model('fastwebsockets', 'await', 'Rust', 25, 0.9, 0.3), failsFrom: 65_536 },
  'server-wirespeed': serverModel('wirespeed', 30, 0.5),
  'server-ws': serverModel('ws', 60, 0.9),
  'server-fastwebsockets': serverModel('fastwebsockets', 20, 0.4),
  net: { ...model('floor: net.Socket', 'callback', 'Node.js', 23, 1, 0.4), isFloor: true },
};

/** The client that loads each server. */
const SERVER_PEERS = ['server-wirespeed', 'server-ws', 'server-fastwebsockets'];

const SERVERS = /** @type {Record<string, number>} */ ({
  'tokio-tungstenite': 1,
  fastwebsockets: 0.97,
  websockets: 2.6,
});

/**
 * Makes the records of a run, the same ones for the same `seed`.
 *
 * @param {{ rounds?: number, seed?: number, samples?: number, models?: Record<string, Model> }} [options]
 */
export function makeRecords({ rounds = 7, seed = 1, samples = 300, models = MODELS } = {}) {
  const random = randomNumbers(seed);
  const sections = makeSections(Object.keys(models));
  const cells = [];
  for (let round = 1; round <= rounds; round++) {
    for (const section of sections) {
      for (const peer of section.peers) {
        const model = /** @type {Model} */ (models[peer]);
        if (model.missing) continue;
        // One spell of bad luck, so that there is an outlier to be shown.
        const spell = peer === 'undici' && round === 3 ? 1.8 : 1 + 0.04 * random();
        for (const cell of section.cells) {
          const place = { section: section.name, server: section.server, peer, ...cell, round };
          if (cell.mode === 'idle') {
            const bytesPerConnection = Math.round(1024 * model.rr * (1 + 0.1 * random()));
            cells.push({ type: 'cell', ...place, bytesPerConnection });
            continue;
          }
          const time = timeOf(model, cell) * (SERVERS[section.server] ?? 1) * spell;
          cells.push(
            model.failsFrom !== undefined && cell.size >= model.failsFrom
              ? { type: 'cell', ...place, failure: 'reply 12 is not what was sent' }
              : {
                  type: 'cell',
                  ...place,
                  ...measure(time, cell, samples, random, model.server ? 0.97 : undefined),
                },
          );
        }
      }
    }
  }
  return { machine: makeMachine(sections, models, rounds), cells };
}

/**
 * Makes the record of one client, cell and round in which it took so many µs for a message.
 *
 * @template {object} Place
 * @param {Place} place
 * @param {number} time
 */
export function recordOfTime(place, time) {
  const figures = { histogram: histogramOf([time]), times: [time], messages: 1, elapsed: time };
  return { type: /** @type {const} */ ('cell'), ...place, ...figures };
}

/** @param {ReturnType<typeof makeRecords>} records */
export function toJsonLines({ machine, cells }) {
  return [machine, ...cells].map((record) => `${JSON.stringify(record)}\n`).join('');
}

/**
 * The median that a model stands for.
 *
 * @param {Model} model
 * @param {{ mode: string, size: number }} cell
 */
export function timeOf(model, { mode, size }) {
  const perMessage = (mode === 'rr' ? model.rr : model.pipelined) + (model.perKiB * size) / 1024;
  if (mode === 'rr') return perMessage;
  return perMessage * (mode === 'burst' ? 600 : 100);
}

/**
 * @param {number} time µs
 * @param {{ mode: string }} cell
 * @param {number} samples
 * @param {() => number} random
 * @param {number} [serverShare] how much of the time the server is busy
 */
function measure(time, { mode }, samples, random, serverShare = mode === 'rr' ? 0.45 : 0.96) {
  const times = Array.from({ length: samples }, () => {
    const isStraggler = random() < 0.02;
    return time * (0.9 + 0.1 * (random() + random()) + (isStraggler ? 2 * random() : 0));
  });
  const elapsed = times.reduce((sum, each) => sum + each, 0) / (mode === 'rr' ? 1 : 100);
  const perMessage = elapsed / samples;
  const kept = times.slice(0, 100).map((each) => Math.round(each * 100) / 100);
  return {
    messages: samples,
    elapsed,
    clientUser: perMessage * 0.4 * samples,
    clientSystem: perMessage * 0.3 * samples,
    serverCpu: serverShare * perMessage * samples,
    histogram: histogramOf(times),
    times: kept,
    sends: kept.map((each) => Math.round(each * 55) / 100),
    receives: kept.map((each) => Math.round(each * 43) / 100),
  };
}

/** @param {readonly string[]} names */
function makeSections(names) {
  const peers = names.filter(
    (name) => name !== 'picows-as-published' && !SERVER_PEERS.includes(name),
  );
  const inDocument = [
    'picows',
    'websocket-rs-sync',
    'websocket-rs-tokio',
    'websocket-client',
    'websockets-sync',
    'websockets-async',
  ];
  const cells = (/** @type {string} */ mode, /** @type {number[]} */ sizes) =>
    sizes.map((size) => ({ mode, size }));
  const ends = [...cells('rr', ENDS), ...cells('pipelined', ENDS)];
  return [
    {
      name: 'main',
      title: 'on tokio-tungstenite',
      server: 'tokio-tungstenite',
      peers,
      cells: [...cells('rr', SIZES), ...cells('pipelined', PIPELINED_SIZES)],
    },
    { name: 'second', title: 'on fastwebsockets', server: 'fastwebsockets', peers, cells: ends },
    {
      name: 'published',
      title: 'on the reference document’s own server',
      server: 'websockets',
      peers: inDocument,
      cells: ends,
    },
    {
      name: 'published-burst',
      title: 'as the reference document measured picows',
      server: 'websockets',
      peers: ['picows-as-published'],
      cells: cells('burst', ENDS),
    },
    {
      name: 'idle',
      title: 'memory of idle connections',
      server: 'fastwebsockets',
      peers,
      cells: [{ mode: 'idle', size: 20, connections: IDLE_CONNECTIONS.plain }],
    },
    {
      name: 'servers',
      title: 'each server under the same load',
      server: 'each',
      peers: SERVER_PEERS,
      cells: ENDS.map((size) => ({ mode: 'rr', size, connections: 64 })),
    },
  ];
}

/**
 * @param {ReturnType<typeof makeSections>} sections
 * @param {Record<string, Model>} models
 * @param {number} rounds
 */
function makeMachine(sections, models, rounds) {
  return {
    type: 'machine',
    cpu: 'Imaginary CPU @ 3.00GHz',
    cores: 8,
    memory: 16 * 2 ** 30,
    system: 'Linux 6.1.0 x64',
    loadAverage: [0.2, 0.1, 0.1],
    date: '2025-01-02T03:04:05.000Z',
    commit: '0123456789ab',
    isModified: false,
    flags: ['--seed'],
    versions: {
      wirespeed: '0.1.0',
      node: '20.20.2',
      ws: '8.23.0',
      bun: '1.4.5',
      python: '3.13.0',
      picows: '1.9.0',
    },
    pinning: {
      server: 0,
      client: 1,
      isShared: false,
      description: 'server pinned to core 0, clients to core 1, by taskset',
    },
    options: { plan: 'seed', rounds, cellTime: 120 },
    peers: Object.entries(models).map(
      ([name, { rr: _rr, pipelined: _pipelined, perKiB: _perKiB, ...facts }]) => ({
        name,
        version: '1.0',
        ...facts,
      }),
    ),
    servers: Object.keys(SERVERS).map((name) => ({
      name,
      label: `${name}'s echo server`,
      isNeutral: name !== 'websockets',
      version: '1.0',
    })),
    sections,
  };
}

/**
 * @param {string} label
 * @param {string} style
 * @param {string} language
 * @param {number} rr
 * @param {number} pipelined
 * @param {number} perKiB
 * @returns {Model}
 */
function model(label, style, language, rr, pipelined, perKiB) {
  return { label, style, language, rr, pipelined, perKiB };
}

/**
 * @param {string} server
 * @param {number} rr
 * @param {number} perKiB
 * @returns {Model}
 */
function serverModel(server, rr, perKiB) {
  return { ...model(`${server}'s echo server`, 'server', 'Rust', rr, 0, perKiB), server };
}

/**
 * Numbers from 0 to 1 by a linear congruential generator (Numerical Recipes).
 *
 * @param {number} seed
 */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
