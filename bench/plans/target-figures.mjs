/** The figures that Wirespeed wants to reach. Each is a ratio of two rows that `--targets` measures. */
import { IDLE_CONNECTIONS } from './cells.mjs';

/**
 * @typedef {object} Place a row
 * @property {string} section
 * @property {import('./cells.mjs').Cell} cell
 * @property {string} peer
 */

/**
 * @typedef {object} Target
 * @property {string} title what is compared with what
 * @property {Metric} metric
 * @property {Place} ours
 * @property {Place} theirs
 * @property {number} [atLeast] times theirs
 * @property {number} [atMost] times theirs
 */

/** @typedef {'rate' | 'cpu' | 'time' | 'memory' | 'byteCost'} Metric */

const MEBIBYTE = 1024 * 1024;
const EVENTS = 'wirespeed-events';
const ASYNC = 'wirespeed-async';
const SYNC = 'wirespeed-sync';
const CORK = 'wirespeed-sync-cork';
const LABELS = /** @type {Record<string, string>} */ ({
  [EVENTS]: 'events',
  [ASYNC]: 'async',
  [SYNC]: 'sync',
  [CORK]: 'sync with cork',
  'wirespeed-async-recv': 'async by recv',
  [unpolled(EVENTS)]: 'the same without polling',
  [unpolled(ASYNC)]: 'the same without polling',
  [unpolled(SYNC)]: 'the same without polling',
  'server-wirespeed': 'our server',
  'server-ws': "ws's server",
  'server-bun': "Bun's server",
  'floor-c': 'floor in C',
  net: 'net.Socket',
  bun: 'Bun',
  deno: 'Deno',
  'import-wirespeed': 'import',
  'import-ws': 'import of ws',
  'start-sync': 'sync',
  'start-async': 'async',
  'start-events': 'events',
  'start-ws': 'ws',
});

const OUR_CLIENTS = [SYNC, ASYNC, EVENTS];
const SMALL = { mode: 'rr', size: 512 };
const LARGE = { mode: 'rr', size: 65_536 };
const SMALL_PIPELINED = { mode: 'pipelined', size: 512 };
const LARGE_PIPELINED = { mode: 'pipelined', size: 65_536 };

/** @type {readonly { title: string, targets: readonly Target[] }[]} */
export const TARGETS = [
  ...['bun', 'tokio-tungstenite'].map((server) => {
    const section = `pipelined-${server}`;
    return {
      title: `Pipelined, on the server of ${server}`,
      targets: [
        ...rates(
          section,
          SMALL_PIPELINED,
          { [EVENTS]: 7, [ASYNC]: 4, 'wirespeed-async-recv': 4, [CORK]: 4 },
          'ws',
        ),
        ...rates(
          section,
          SMALL_PIPELINED,
          { [EVENTS]: 3, [ASYNC]: 2, 'wirespeed-async-recv': 2 },
          'bun',
        ),
        ...costs(section, SMALL_PIPELINED, { [ASYNC]: 0.22, 'wirespeed-async-recv': 0.22 }, 'ws'),
        ...rates(section, SMALL_PIPELINED, { [CORK]: 3 }, 'websocket-rs-sync'),
        ...[4096, 16_384, 65_536].flatMap((size) =>
          ['tokio-tungstenite', 'fastwebsockets'].flatMap((rival) =>
            times(section, { mode: 'pipelined', size }, { [ASYNC]: 1.15 }, rival),
          ),
        ),
        ...rates(section, LARGE_PIPELINED, { [EVENTS]: 1.2, [ASYNC]: 1.2 }, 'ws'),
        ...costs(section, LARGE_PIPELINED, { [EVENTS]: 0.55, [ASYNC]: 0.55 }, 'ws'),
        ...costs(section, LARGE_PIPELINED, { [EVENTS]: 1, [ASYNC]: 1 }, 'bun'),
      ],
    };
  }),
  {
    title: 'Request-response, server and client on one core',
    targets: [
      ...times('same-core', SMALL, { [EVENTS]: 0.78, [ASYNC]: 0.95, [SYNC]: 0.7 }, 'ws'),
      ...times('same-core', SMALL, { [EVENTS]: 1.05 }, 'net'),
      ...times('same-core', SMALL, { [ASYNC]: 1.2 }, EVENTS),
      ...times('same-core', SMALL, { [SYNC]: 1.6 }, 'floor-c'),
      ...OUR_CLIENTS.flatMap((client) =>
        times('same-core', SMALL, { [client]: 1.03 }, unpolled(client)),
      ),
      ...times('same-core', LARGE, { [SYNC]: 1.15, [EVENTS]: 1.2, [ASYNC]: 1.25 }, 'floor-c'),
      ...times('same-core', LARGE, ahead(OUR_CLIENTS), 'ws'),
    ],
  },
  {
    title: 'Request-response, server and client on two cores',
    targets: [
      ...times('other-core', SMALL, { [EVENTS]: 0.75, [ASYNC]: 0.75, [SYNC]: 0.6 }, 'ws'),
      ...times('other-core', SMALL, { [EVENTS]: 0.95 }, 'bun'),
      ...OUR_CLIENTS.flatMap((client) =>
        costs('other-core', SMALL, { [client]: 1.1 }, unpolled(client)),
      ),
    ],
  },
  {
    title: 'Large messages, there and back',
    targets: [
      ...[MEBIBYTE, 20 * MEBIBYTE].flatMap((size) =>
        rates('large', { mode: 'rr', size }, bounds(OUR_CLIENTS, 1.3), 'ws'),
      ),
      // A byte of the largest message may cost a quarter more than one of 64 KiB, and no more than that.
      ...OUR_CLIENTS.map((peer) => {
        const place = { section: 'large', peer };
        const ours = { ...place, cell: { mode: 'rr', size: 20 * MEBIBYTE } };
        const theirs = { ...place, cell: LARGE };
        const title = `${LABELS[peer]}: CPU per byte of 20 MiB to 64 KiB`;
        return /** @type {Target} */ ({ title, metric: 'byteCost', ours, theirs, atMost: 1.25 });
      }),
    ],
  },
  {
    title: 'A server that floods',
    targets: [20, 256].flatMap((size) =>
      rates('receive', { mode: 'receive', size }, { [EVENTS]: 3, [ASYNC]: 2 }, 'ws'),
    ),
  },
  {
    title: 'Text',
    targets: ['ascii', 'mixed'].flatMap((content) =>
      [SMALL, LARGE, SMALL_PIPELINED, LARGE_PIPELINED].flatMap((cell) =>
        rates('text', /** @type {any} */ ({ ...cell, content }), bounds(OUR_CLIENTS, 1), 'ws'),
      ),
    ),
  },
  {
    title: 'TLS',
    targets: [
      ...[SMALL, LARGE, LARGE_PIPELINED].flatMap((cell) =>
        rates('tls', cell, bounds(OUR_CLIENTS, 1), 'ws'),
      ),
      ...rates('tls', SMALL_PIPELINED, { [EVENTS]: 3, [ASYNC]: 2.5, [CORK]: 2 }, 'ws'),
    ],
  },
  {
    title: 'A thousand connections',
    targets: [
      ...[SMALL_PIPELINED, SMALL].flatMap((cell) =>
        rates('many', { ...cell, connections: 1000 }, bounds([EVENTS, ASYNC], 3), 'ws'),
      ),
      ...[EVENTS, ASYNC].map((peer) => {
        const ours = { section: 'many', cell: { ...SMALL_PIPELINED, connections: 1000 }, peer };
        const theirs = { section: 'pipelined-bun', cell: SMALL_PIPELINED, peer };
        const title = `${LABELS[peer]}: messages/s of all to those of one, pipelined`;
        return /** @type {Target} */ ({ title, metric: 'rate', ours, theirs, atLeast: 0.6 });
      }),
    ],
  },
  {
    title: 'Memory of an idle connection',
    targets: [
      ...memories('idle', { [EVENTS]: 1.3, [ASYNC]: 1.3 }, 'net'),
      ...['ws', 'bun'].flatMap((rival) => memories('idle', ahead([EVENTS, ASYNC]), rival)),
      ...memories('idle-tls', ahead([EVENTS, ASYNC]), 'ws'),
      ...memories('idle-servers', { 'server-wirespeed': 0.9 }, 'server-ws'),
    ],
  },
  {
    title: 'Servers, 64 connections',
    targets: [
      ...servers(SMALL_PIPELINED, 2, 'server-ws'),
      ...servers(SMALL_PIPELINED, 1, 'server-bun'),
      ...servers(SMALL, 1.3, 'server-ws'),
      ...servers(SMALL, 0.85, 'server-bun'),
    ],
  },
  {
    title: 'Connecting, one message, closing',
    targets: rates('connect', { mode: 'connect', size: 20 }, bounds(OUR_CLIENTS, 1.2), 'ws'),
  },
  {
    title: 'The first import',
    targets: times('import', { mode: 'import', size: 0 }, { 'import-wirespeed': 1 }, 'import-ws'),
  },
  {
    title: 'From nothing to the first reply, above an empty process',
    targets: times(
      'start',
      { mode: 'start', size: 0 },
      { 'start-sync': 1, 'start-async': 0.55, 'start-events': 0.55 },
      'start-ws',
    ),
  },
  {
    title: 'The first 40,000 messages of a process, pipelined',
    targets: rates('cold', { mode: 'cold', size: 512 }, { [EVENTS]: 4.5, [ASYNC]: 3 }, 'ws'),
  },
];

/**
 * @param {readonly string[]} peers
 * @param {number} bound
 */
function bounds(peers, bound) {
  return Object.fromEntries(peers.map((peer) => [peer, bound]));
}

/**
 * @param {import('./cells.mjs').Cell} cell
 * @param {number} atLeast
 * @param {string} rival
 */
function servers(cell, atLeast, rival) {
  return rates('servers', { ...cell, connections: 64 }, { 'server-wirespeed': atLeast }, rival);
}

/** @param {string} client that polls */
function unpolled(client) {
  return `${client}-unpolled`;
}

/** @param {readonly string[]} peers that must cost no more than the rival */
function ahead(peers) {
  return bounds(peers, 1);
}

/**
 * @param {string} section
 * @param {import('./cells.mjs').Cell} cell
 * @param {Record<string, number>} atLeast by client
 * @param {string} rival
 */
function rates(section, cell, atLeast, rival) {
  return compare('rate', 'messages/s', section, cell, Object.keys(atLeast), rival).map(
    (target) => ({ ...target, atLeast: atLeast[target.ours.peer] }),
  );
}

/**
 * @param {string} section
 * @param {import('./cells.mjs').Cell} cell
 * @param {Record<string, number>} atMost by client
 * @param {string} rival
 */
function costs(section, cell, atMost, rival) {
  return compare('cpu', 'CPU per message', section, cell, Object.keys(atMost), rival).map(
    (target) => ({ ...target, atMost: atMost[target.ours.peer] }),
  );
}

/**
 * @param {string} section
 * @param {import('./cells.mjs').Cell} cell
 * @param {Record<string, number>} atMost by client
 * @param {string} rival
 */
function times(section, cell, atMost, rival) {
  return compare('time', 'time', section, cell, Object.keys(atMost), rival).map((target) => ({
    ...target,
    atMost: atMost[target.ours.peer],
  }));
}

/**
 * @param {string} section
 * @param {Record<string, number>} atMost by client
 * @param {string} rival
 */
function memories(section, atMost, rival) {
  const isTls = section === 'idle-tls';
  const cell = { mode: 'idle', size: 20, connections: IDLE_CONNECTIONS[isTls ? 'tls' : 'plain'] };
  const what = isTls ? 'bytes, over TLS' : 'bytes';
  return compare('memory', what, section, cell, Object.keys(atMost), rival).map((target) => ({
    ...target,
    atMost: atMost[target.ours.peer],
  }));
}

/**
 * @param {Metric} metric
 * @param {string} what is measured
 * @param {string} section
 * @param {import('./cells.mjs').Cell} cell
 * @param {readonly string[]} peers
 * @param {string} rival
 * @returns {Target[]}
 */
function compare(metric, what, section, cell, peers, rival) {
  return peers.map((peer) => ({
    title: `${cellWords(cell)}${LABELS[peer] ?? peer}: ${what} to ${LABELS[rival] ?? rival}`,
    metric,
    ours: { section, cell, peer },
    theirs: { section, cell, peer: rival },
  }));
}

/** @param {import('./cells.mjs').Cell} cell */
function cellWords({ size, mode, content }) {
  if (!['rr', 'pipelined', 'receive'].includes(mode)) return '';
  const sizes =
    size >= MEBIBYTE ? `${size / MEBIBYTE} MiB` : size >= 1024 ? `${size / 1024} KiB` : `${size} B`;
  const how = [content, mode === 'pipelined' && 'pipelined'].filter(Boolean).join(', ');
  return `${[sizes, how].filter(Boolean).join(' ')}, `;
}
