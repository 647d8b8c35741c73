/** The same client with other settings, or on another server: for plans that ask for them; never among the clients of a comparison. */
import { fileURLToPath } from 'node:url';
import { SERVER_NAMES } from '../servers/catalogue.mjs';

const RUNGS = ['wasi', 'fs-blocking', 'fs', 'worker'];
/** µs: what the blocking face spins by itself. */
const BUSY_POLL = 50;

/** The blocking face on each rung of its ladder, spinning as it does by default and not at all. */
export const SYNC_RUNG_PEERS = RUNGS.flatMap((rung) => [
  syncName(rung),
  `${syncName(rung)}-unspun`,
]);

/** The client in Rust that loads each server: what is measured is the server. */
export const SERVER_PEERS = SERVER_NAMES.map(serverPeerName);

/** The other faces, polling while they wait. */
export const POLLING_PEERS = ['wirespeed-async-polling', 'wirespeed-events-polling'];

/** What is imported, for its cost: the library, and what it is compared with as its users import it. */
const IMPORTS = [
  { package: 'wirespeed', of: 'wirespeed-async', base: '../../package.json' },
  { package: 'ws', of: 'ws', base: '../package.json' },
];
const IMPORTER = fileURLToPath(new URL('import.mjs', import.meta.url));

/** The programs that measure imports. */
export const IMPORT_PEERS = IMPORTS.map(({ package: name }) => importName(name));

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} label
 * @property {string} of the name of the peer that it is a variant of
 * @property {Record<string, string>} [env]
 * @property {object} [options] of the library's connect
 * @property {string} [server] the server that it loads, whatever the section's is
 * @property {string} [style]
 * @property {string} [module] another one that drives it
 * @property {string[]} [args] before the work, as JSON
 * @property {string} [missing]
 * @property {string} [hint]
 */

/**
 * @param {readonly import('../servers/catalogue.mjs').ServerProgram[]} servers
 * @returns {Variant[]}
 */
export function listVariants(servers) {
  return [
    ...RUNGS.flatMap((rung) => {
      const env = { WIRESPEED_SYNC_RUNG: rung };
      const name = syncName(rung);
      const variant = { name, label: `sync on ${rung}`, of: 'wirespeed-sync', env };
      const unspun = { name: `${name}-unspun`, label: `${variant.label}, busyPoll 0` };
      return [variant, { ...variant, ...unspun, options: { busyPoll: 0 } }];
    }),
    ...POLLING_PEERS.map((name) => {
      const of = name.replace('-polling', '');
      const label = `${of.replace('-', ' ')}, busyPoll ${BUSY_POLL}`;
      return { name, label, of, options: { busyPoll: BUSY_POLL } };
    }),
    {
      name: 'wirespeed-async-recv',
      label: 'wirespeed async, by recv',
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

/** @param {string} rung */
function syncName(rung) {
  return `wirespeed-sync-${rung}`;
}

/** @param {string} name of a package */
function importName(name) {
  return `import-${name}`;
}
