/**
 * Lists variants: clients with other settings, or loading another server. A plan has them only if it names them, and a
 * comparison of all clients leaves them out.
 */
import { fileURLToPath } from 'node:url';
import { SERVER_NAMES } from '../servers/catalogue.mjs';

const BLOCKING_IO = ['wasi', 'fs-blocking', 'fs', 'worker'];

/** The sync client with each way of blocking I/O, polling as it does by default and not at all. */
export const SYNC_IO_PEERS = BLOCKING_IO.flatMap((io) => [syncName(io), `${syncName(io)}-unspun`]);

/** The client in Rust, once for each server that it loads: the server is what is measured. */
export const SERVER_PEERS = SERVER_NAMES.map(serverPeerName);

/**
 * The clients that poll, with polling turned off, and the floor in C with polling: every table of round trips has them,
 * so that a reader sees what polling gives and what it costs.
 */
const UNPOLLED = ['wirespeed-sync', 'wirespeed-async', 'wirespeed-events'];
export const POLLING_TWINS = [...UNPOLLED.map(unpolledName), 'floor-c-polling'];

/** The packages whose import is measured: the library and ws, each found from where its users are. */
const IMPORTS = [
  { package: 'wirespeed', of: 'wirespeed-async', base: '../../package.json' },
  { package: 'ws', of: 'ws', base: '../package.json' },
];
const IMPORTER = fileURLToPath(new URL('import.mjs', import.meta.url));

/** The clients whose way from nothing to the first reply is measured. */
const STARTED = ['sync', 'async', 'events', 'ws'];
const STARTER = fileURLToPath(new URL('start.mjs', import.meta.url));
export const START_PEERS = STARTED.map(startName);

/** The names of the programs that measure imports. */
export const IMPORT_PEERS = IMPORTS.map(({ package: name }) => importName(name));

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} label
 * @property {string} of the name of the peer that it is a variant of
 * @property {Record<string, string>} [env]
 * @property {object} [options] of the library's connect
 * @property {string} [server] the server that it loads, in place of the section's
 * @property {string} [style]
 * @property {string} [module] the module that drives it, in place of the peer's
 * @property {string[]} [args] before the work, which is JSON
 * @property {readonly string[]} [modes] the modes of the cells that it takes part in; all by default
 * @property {string} [missing]
 * @property {string} [hint]
 */

/**
 * @param {readonly import('../servers/catalogue.mjs').ServerProgram[]} servers
 * @returns {Variant[]}
 */
export function listVariants(servers) {
  return [
    ...BLOCKING_IO.flatMap((io) => {
      const env = { WIRESPEED_SYNC_IO: io };
      const name = syncName(io);
      const variant = { name, label: `sync on ${io}`, of: 'wirespeed-sync', env };
      const unspun = { name: `${name}-unspun`, label: `${variant.label}, busyPoll 0` };
      return [variant, { ...variant, ...unspun, options: { busyPoll: 0 } }];
    }),
    ...UNPOLLED.map((of) => ({
      name: unpolledName(of),
      label: `${of.replace('-', ' ')}, sleeps`,
      of,
      options: { busyPoll: 0 },
      modes: ['rr'],
    })),
    {
      name: 'floor-c-polling',
      label: 'floor: C, polling°',
      of: 'floor-c',
      args: ['--poll'],
      modes: ['rr'],
    },
    {
      name: 'wirespeed-sync-cork',
      label: 'wirespeed sync°, cork',
      of: 'wirespeed-sync',
      module: 'wirespeed-sync-cork.mjs',
      modes: ['pipelined'],
    },
    {
      name: 'wirespeed-async-recv',
      label: 'wirespeed async°, by recv',
      of: 'wirespeed-async',
      module: 'wirespeed-async-recv.mjs',
    },
    ...IMPORTS.map(({ package: name, of, base }) => ({
      name: importName(name),
      label: `import '${name}'`,
      of,
      style: 'import',
      args: [IMPORTER, name, fileURLToPath(new URL(base, import.meta.url))],
    })),
    ...STARTED.map((client) => ({
      name: startName(client),
      label: `${client === 'ws' ? 'ws' : `wirespeed ${client}`}, from nothing`,
      of: client === 'ws' ? 'ws' : `wirespeed-${client}`,
      style: 'start',
      args: [STARTER, client],
    })),
    ...servers.map(({ name: server, label, version, missing, hint }) => ({
      name: serverPeerName(server),
      label,
      of: 'tokio-tungstenite',
      server,
      style: 'server',
      version: version ?? '',
      ...(missing && { missing, hint: hint ?? '' }),
    })),
  ];
}

/** @param {string} server that a client of that name loads */
export function serverPeerName(server) {
  return `server-${server}`;
}

/** @param {string} name of a client that polls */
function unpolledName(name) {
  return `${name}-unpolled`;
}

/** @param {string} io a way of blocking I/O */
function syncName(io) {
  return `wirespeed-sync-${io}`;
}

/** @param {string} client */
function startName(client) {
  return `start-${client}`;
}

/** @param {string} name of a package */
function importName(name) {
  return `import-${name}`;
}
