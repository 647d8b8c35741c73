/** `--full`: the tables of the reference document, and every other workload in a section of its own. */

import { POLLING_TWINS, SERVER_PEERS } from '../peers/variants.mjs';
import { IDLE_CONNECTIONS, listCells } from './cells.mjs';
import { seedSections } from './seed.mjs';

const ENDS = [512, 65_536];
const ONE_WAY_SIZES = [20, 256];
const MEBIBYTE = 1024 * 1024;
/** Messages per second. */
const PACES = [1000, 5000];
/** The clients that compress what they send. */
const COMPRESSING = [
  'wirespeed-sync',
  'wirespeed-async',
  'wirespeed-events',
  'ws',
  'bun',
  'websocket-rs-async',
  'websocket-rs-callback',
  'websockets-sync',
  'websockets-async',
  'aiohttp',
];
const FLOORS = ['net', 'floor-c'];
/** The clients that block: each has one connection at a time. */
const BLOCKING = [
  'wirespeed-sync',
  'websocket-rs-sync',
  'websocket-client',
  'websockets-sync',
  'floor-c',
];

/**
 * @param {readonly string[]} peers all clients but the variants
 * @returns {import('./plan.mjs').Section[]}
 */
export function fullSections(peers) {
  const everybody = peers.filter((name) => name !== 'picows-as-published');
  const server = 'tokio-tungstenite';
  const inC = (/** @type {string} */ name) => name.startsWith('floor-c');
  return [
    ...seedSections(peers),
    {
      name: 'same-core',
      title: 'server and client on one core',
      server,
      isSameCore: true,
      peers: [...everybody, ...POLLING_TWINS],
      cells: listCells(['rr', 'pipelined'], ENDS),
    },
    {
      name: 'tls',
      title: 'over TLS',
      server,
      isTls: true,
      peers: [...everybody, ...POLLING_TWINS].filter((name) => !inC(name)),
      cells: listCells(['rr', 'pipelined'], ENDS),
    },
    {
      name: 'text',
      title: 'text',
      server,
      peers: everybody.filter((name) => !inC(name)),
      cells: ['ascii', 'mixed'].flatMap((content) =>
        listCells(['rr', 'pipelined'], ENDS, /** @type {any} */ ({ content })),
      ),
    },
    {
      name: 'one-way',
      title: 'messages one way only',
      server,
      peers: everybody.filter((name) => !inC(name)),
      cells: listCells(['receive', 'send'], ONE_WAY_SIZES),
    },
    {
      name: 'large',
      title: 'large messages',
      server,
      peers: everybody,
      cells: listCells(['rr'], [MEBIBYTE, 20 * MEBIBYTE]),
    },
    {
      name: 'compressed',
      title: 'compressed by permessage-deflate, with no threshold',
      server: 'bun',
      isServerEssential: true,
      isCompressed: true,
      peers: COMPRESSING,
      cells: ['json', 'random'].flatMap((compression) =>
        listCells(['rr', 'pipelined'], [1024, 65_536], { compression }),
      ),
    },
    {
      name: 'paced',
      title: 'at the pace of the server: latencies count from when a message was due',
      server,
      isServerEssential: true,
      peers: everybody.filter((name) => !FLOORS.includes(name)),
      cells: PACES.flatMap((rate) => listCells(['paced'], [512], { rate })),
    },
    {
      name: 'many',
      title: 'many connections, each with one message in flight',
      server,
      peers: everybody.filter((name) => !BLOCKING.includes(name)),
      cells: listCells(['rr'], [512], { connections: 1000 }),
    },
    {
      name: 'connect',
      title: 'one connection after the other',
      server,
      peers: everybody.filter((name) => !inC(name)),
      cells: listCells(['connect'], [20]),
    },
    {
      name: 'idle',
      title: 'memory of idle connections, of the client',
      server,
      peers: everybody.filter((name) => !BLOCKING.includes(name)),
      cells: listCells(['idle'], [20], { connections: IDLE_CONNECTIONS.plain }),
    },
    {
      name: 'servers',
      title: 'each server under the same load, from a client in Rust',
      server: 'each',
      peers: SERVER_PEERS,
      cells: [...listCells(['rr'], ENDS, { connections: 64 }), ...listCells(['connect'], [20])],
    },
    {
      name: 'idle-servers',
      title: 'memory of idle connections, of the server',
      server: 'each',
      isServerFresh: true,
      peers: SERVER_PEERS,
      cells: listCells(['idle'], [20], { connections: IDLE_CONNECTIONS.plain }),
    },
  ];
}
