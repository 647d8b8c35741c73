/** `npm run bench:wire`: counts what a message costs in system calls and in memory. It times nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startChild } from '../harness/child.mjs';
import { choosePinning, pinned } from '../harness/cores.mjs';
import { describeMachine } from '../harness/machine.mjs';
import { ServerProcess } from '../harness/server-process.mjs';
import { listPeers } from '../peers/catalogue.mjs';
import { BLOCKS } from '../reports/markdown.mjs';
import { fillBlocks } from '../reports/marked-blocks.mjs';
import { MESSAGE_COST } from '../reports/write.mjs';
import { listServers } from '../servers/catalogue.mjs';
import { callsPerMessage } from './system-calls.mjs';
import { renderCounts } from './table.mjs';

const USAGE = `Usage: npm run bench:wire -- [flags]

Counts what a message costs: system calls (from /proc/self/io, and by strace if it is installed), bytes allocated, scavenges.

  --rounds n   default 3
  --docs       puts the tables into docs/performance.md as well
  --help       this text
`;
const CLIENT = fileURLToPath(new URL('client-process.mjs', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const SIZE = 512;
const EXCHANGES = [
  {
    name: 'round trip',
    task: { window: 1, size: SIZE, warmUp: 20_000, messages: 50_000 },
    traced: 5000,
  },
  {
    name: '100 in flight',
    task: { window: 100, size: SIZE, warmUp: 100_000, messages: 300_000 },
    traced: 50_000,
  },
];
/** Messages after which compilers have finished, so that their system calls are not counted. */
const TRACED_WARM_UP = 5000;
/** Most messages whose allocations fit into the young generation of `ROOM` without a collection. */
const MAX_UNCOLLECTED_MESSAGES = 20_000;
const ROOM = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
const WITHOUT_POLLING = { label: 'wirespeed sync, busyPoll 0', options: { busyPoll: 0 } };
/** Milliseconds after which a client counts as hanging. */
const MAX_CLIENT_TIME = 120_000;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench:wire: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number');
  const text = await countAll(rounds);
  process.stdout.write(`${text}\n`);
  if (values.docs) fillDocument(text);
  return 0;
}

/** @param {number} rounds */
async function countAll(rounds) {
  const clients = chooseClients();
  const pinning = choosePinning(false);
  const program = listServers().find(({ name }) => name === 'wirespeed');
  if (!program || program.missing)
    throw new Error('the echo server is not built; npm run build builds it');
  const server = new ServerProcess(program, pinning.server);
  const machine = describeMachine([]);
  const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
  if (!hasStrace)
    process.stderr.write('strace is not installed: only reads and writes are counted\n');
  try {
    const { url } = await server.ensure();
    const rows = EXCHANGES.flatMap(({ name: exchange }) =>
      clients.map(({ label }) => emptyRow(label, exchange)),
    );
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`round ${round} of ${rounds}\n`);
      for (const client of clients) {
        for (const { name, task, traced } of EXCHANGES) {
          const row = rows.find((each) => each.client === client.label && each.exchange === name);
          const run = { client, url, core: pinning.client };
          addCounts(/** @type {any} */ (row), await countOnce(run, task));
          if (hasStrace && round === 1 && row) row.calls = await traceCalls(run, task, traced);
        }
      }
    }
    return [
      machineLine(machine, pinning.description),
      renderCounts(
        rows,
        EXCHANGES.map(({ name }) => name),
      ),
    ].join('\n\n');
  } finally {
    await server.stop();
  }
}

function chooseClients() {
  const peers = listPeers();
  const wanted = ['wirespeed-events', 'wirespeed-async', 'wirespeed-sync', 'ws', 'net'];
  const clients = wanted.map((name) => {
    const peer = /** @type {typeof peers[number]} */ (peers.find((each) => each.name === name));
    if (peer.missing) throw new Error(`${peer.label} is ${peer.missing}: ${peer.hint}`);
    return peer;
  });
  return clients.flatMap((peer) =>
    peer.name === 'wirespeed-sync' ? [peer, { ...peer, ...WITHOUT_POLLING }] : [peer],
  );
}

/**
 * @typedef {object} Run
 * @property {import('../peers/catalogue.mjs').Peer} client
 * @property {string} url
 * @property {number | undefined} core
 */

/** @typedef {{ window: number, size: number, warmUp: number, messages: number }} CountedTask */

/**
 * Counts calls and scavenges in a process with the usual settings, and bytes in one that collects no garbage meanwhile.
 *
 * @param {Run} run
 * @param {CountedTask} task
 */
async function countOnce(run, task) {
  const usual = await runClient(run, [process.execPath], task);
  const roomy = await runClient(run, [process.execPath, ...ROOM], {
    ...task,
    messages: MAX_UNCOLLECTED_MESSAGES,
  });
  return { usual, roomy };
}

/**
 * @param {Run} run
 * @param {CountedTask} task
 * @param {number} messages
 */
async function traceCalls(run, task, messages) {
  const folder = mkdtempSync(join(os.tmpdir(), 'wirespeed-wire-'));
  const path = join(folder, 'trace');
  try {
    const command = ['strace', '-f', '-o', path, process.execPath];
    await runClient(run, command, { ...task, warmUp: TRACED_WARM_UP, messages });
    return callsPerMessage(readFileSync(path, 'utf8'), messages);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {Run} run
 * @param {readonly string[]} program that runs the client
 * @param {CountedTask} task
 * @returns {Promise<Record<string, number>>}
 */
async function runClient({ client, url, core }, program, task) {
  const { module, options } = client;
  const [first = '', ...rest] = program;
  const work = JSON.stringify({ module, options, url, task });
  const [command, args] = pinned(core, first, [...rest, CLIENT, work]);
  let answer = '';
  const { child, ended } = startChild(command, args, (line) => {
    answer = line;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_CLIENT_TIME);
  const end = await ended;
  clearTimeout(timer);
  if (child.exitCode !== 0) throw new Error(`${client.label} ${end}`);
  return JSON.parse(answer);
}

/**
 * @param {string} client
 * @param {string} exchange
 * @returns {import('./table.mjs').Counts}
 */
function emptyRow(client, exchange) {
  const lists = { reads: [], writes: [], heapBytes: [], outsideBytes: [], scavenges: [] };
  return { client, exchange, calls: undefined, ...lists };
}

/**
 * @param {import('./table.mjs').Counts} row
 * @param {Awaited<ReturnType<typeof countOnce>>} counts
 */
function addCounts(row, { usual, roomy }) {
  const isWhole = roomy.scavenges === 0 && roomy.otherCollections === 0;
  const per = (
    /** @type {number | undefined} */ count,
    /** @type {number | undefined} */ all = 1,
  ) => (count === undefined ? undefined : count / all);
  row.reads.push(per(usual.reads, usual.messages));
  row.writes.push(per(usual.writes, usual.messages));
  row.scavenges.push(per(usual.scavenges, Number(usual.messages) / 1e6));
  row.heapBytes.push(isWhole ? per(roomy.heapBytes, roomy.messages) : undefined);
  row.outsideBytes.push(isWhole ? per(roomy.outsideBytes, roomy.messages) : undefined);
}

/**
 * @param {ReturnType<typeof describeMachine>} machine
 * @param {string} pinning
 */
function machineLine({ cpu, system, date, commit, isModified, versions }, pinning) {
  const changes = isModified ? ' with changes on top' : '';
  return (
    `Counted on ${date.slice(0, 10)} at commit ${commit || 'none'}${changes}: ${SIZE} B each way, Node.js ${versions.node}, ` +
    `ws ${versions.ws}; ${cpu}, ${system}; ${pinning}.`
  );
}

/** @param {string} text */
function fillDocument(text) {
  const untouched = Object.keys(BLOCKS).map((name) => [name, () => undefined]);
  const blocks = { ...Object.fromEntries(untouched), [MESSAGE_COST]: () => text };
  writeFileSync(DOCUMENT, fillBlocks(readFileSync(DOCUMENT, 'utf8'), blocks));
}
