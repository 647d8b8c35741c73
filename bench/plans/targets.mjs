/**
 * `--targets`: the cells for which `target-figures.mjs` has a figure that Wirespeed wants to reach. `reports/targets.mjs`
 * says whether it does.
 */

import { IMPORT_PEERS, POLLING_TWINS, START_PEERS } from '../peers/variants.mjs';
import { IDLE_CONNECTIONS, listCells } from './cells.mjs';

const ENDS = [512, 65_536];
const PIPELINED_SIZES = [512, 4096, 16_384, 65_536];
const MEBIBYTE = 1024 * 1024;
const NEUTRAL = 'bun';
const CALLED_BACK = ['wirespeed-events', 'wirespeed-async'];
export const OUR_CLIENTS = ['wirespeed-sync', 'wirespeed-async', 'wirespeed-events'];

/** @returns {import('./plan.mjs').Section[]} */
export function targetsSections() {
  return [
    ...['bun', 'tokio-tungstenite'].map((server) => ({
      name: `pipelined-${server}`,
      title: 'server on another core',
      server,
      peers: [
        ...OUR_CLIENTS,
        'wirespeed-sync-cork',
        'wirespeed-async-recv',
        'ws',
        'undici',
        'bun',
        'deno',
        'websocket-rs-sync',
        'tokio-tungstenite',
        'fastwebsockets',
        'net',
      ],
      cells: listCells(['pipelined'], PIPELINED_SIZES),
    })),
    {
      name: 'same-core',
      title: 'server and client on one core',
      server: NEUTRAL,
      isSameCore: true,
      peers: [...OUR_CLIENTS, 'ws', 'undici', 'bun', 'deno', 'net', 'floor-c', ...POLLING_TWINS],
      cells: listCells(['rr'], ENDS),
    },
    {
      name: 'other-core',
      title: 'server on another core',
      server: NEUTRAL,
      peers: [...OUR_CLIENTS, 'ws', 'bun', 'floor-c', ...POLLING_TWINS],
      cells: listCells(['rr'], [512]),
    },
    {
      name: 'large',
      title: 'large messages',
      server: NEUTRAL,
      peers: [...OUR_CLIENTS, 'ws'],
      cells: listCells(['rr'], [65_536, MEBIBYTE, 20 * MEBIBYTE]),
    },
    {
      name: 'receive',
      title: 'a server that floods',
      server: NEUTRAL,
      peers: [...OUR_CLIENTS, 'ws'],
      cells: listCells(['receive'], [20, 256]),
    },
    {
      name: 'text',
      title: 'text',
      server: NEUTRAL,
      peers: [...OUR_CLIENTS, 'ws'],
      cells: ['ascii', 'mixed'].flatMap((content) =>
        listCells(['rr', 'pipelined'], ENDS, /** @type {any} */ ({ content })),
      ),
    },
    {
      name: 'tls',
      title: 'over TLS',
      server: NEUTRAL,
      isTls: true,
      peers: [...OUR_CLIENTS, 'wirespeed-sync-cork', 'ws'],
      cells: listCells(['rr', 'pipelined'], ENDS),
    },
    {
      name: 'many',
      title: 'a thousand connections',
      server: NEUTRAL,
      peers: [...CALLED_BACK, 'ws'],
      cells: listCells(['pipelined', 'rr'], [512], { connections: 1000 }),
    },
    {
      name: 'idle',
      title: 'memory of idle connections, of the client',
      server: NEUTRAL,
      peers: [...CALLED_BACK, 'ws', 'bun', 'net'],
      cells: listCells(['idle'], [20], { connections: IDLE_CONNECTIONS.plain }),
    },
    {
      name: 'idle-tls',
      title: 'memory of idle connections over TLS, of the client',
      server: NEUTRAL,
      isTls: true,
      peers: [...CALLED_BACK, 'ws', 'net'],
      cells: listCells(['idle'], [20], { connections: IDLE_CONNECTIONS.tls }),
    },
    {
      name: 'idle-servers',
      title: 'memory of idle connections, of the server',
      server: 'each',
      isServerFresh: true,
      peers: ['server-wirespeed', 'server-ws', 'server-bun'],
      cells: listCells(['idle'], [20], { connections: IDLE_CONNECTIONS.plain }),
    },
    {
      name: 'servers',
      title: 'each server under the same load, from a client in Rust',
      server: 'each',
      peers: ['server-wirespeed', 'server-ws', 'server-bun'],
      cells: listCells(['pipelined', 'rr'], [512], { connections: 64 }),
    },
    {
      name: 'connect',
      title: 'one connection after the other',
      server: NEUTRAL,
      peers: [...OUR_CLIENTS, 'ws'],
      cells: listCells(['connect'], [20]),
    },
    {
      name: 'import',
      title: 'the first import, in a process of its own',
      server: NEUTRAL,
      peers: IMPORT_PEERS,
      cells: listCells(['import'], [0]),
    },
    {
      name: 'start',
      title: 'a process of its own for each, above an empty one',
      server: NEUTRAL,
      peers: START_PEERS,
      cells: listCells(['start'], [0]),
    },
    {
      name: 'cold',
      title: 'a new process, from its first message on',
      server: NEUTRAL,
      peers: [...CALLED_BACK, 'ws', 'bun'],
      cells: listCells(['cold'], [512]),
    },
  ];
}
