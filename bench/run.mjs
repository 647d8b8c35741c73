/** `npm run bench`: measures every client against one echo server and prints a table per cell. */
import process from 'node:process';
import { helpText, parseArguments, UsageError } from './harness/arguments.mjs';
import { attempt } from './harness/attempt.mjs';
import { choosePinning } from './harness/cores.mjs';
import { Interruption } from './harness/interruption.mjs';
import { describeMachine, ticksPerSecond } from './harness/machine.mjs';
import { runPlan } from './harness/plan-run.mjs';
import { Progress } from './harness/progress.mjs';
import { ServerProcess } from './harness/server-process.mjs';
import { listPeers, PEER_GROUPS, QUICK_PEERS, takesPart } from './peers/catalogue.mjs';
import { cellTitle, listCells } from './plans/cells.mjs';
import { taskFor } from './plans/tasks.mjs';
import { renderHeader, renderMissing, renderNotes, renderTables } from './reports/quick-report.mjs';
import { Results } from './reports/quick-results.mjs';
import { SamplesFile } from './samples/samples-file.mjs';
import { listServers, SERVER_NAMES } from './servers/catalogue.mjs';

const FALLBACK_SERVER = 'ws';
const QUICK_MODES = ['rr', 'pipelined'];
const QUICK_SIZES = [512, 65_536];
const interruption = new Interruption();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>} the exit code
 */
async function main(argv) {
  const options = parseArguments(argv, PEER_GROUPS, SERVER_NAMES);
  if (options.help) {
    process.stdout.write(helpText([...PEER_GROUPS.keys()], SERVER_NAMES));
    return 0;
  }
  if (options.plan !== 'quick' || options.resume !== undefined) {
    return await runPlan(argv, options, interruption);
  }
  return await runQuick(argv, options);
}

/**
 * @param {string[]} argv
 * @param {import('./harness/arguments.mjs').BenchOptions} options
 */
async function runQuick(argv, options) {
  const file = openSamples(options.json);
  const { program, note } = chooseServer(options.servers?.[0] ?? 'wirespeed');
  const allPeers = listPeers();
  const run = {
    options,
    machine: describeMachine(argv),
    pinning: choosePinning(options.sameCore),
    server: program,
    serverNote: note,
    cells: listCells(options.modes ?? QUICK_MODES, options.sizes ?? QUICK_SIZES),
    peers: allPeers.filter((peer) => (options.peers ?? QUICK_PEERS).includes(peer.name)),
  };
  const paint = choosePaint();
  const missing = () => `${renderMissing([...allPeers, ...listServers()])}\n`;
  file.write({
    type: 'machine',
    ...run.machine,
    server: program.name,
    pinning: run.pinning,
    options,
  });
  process.stdout.write(`${renderHeader(run, paint)}\n\n`);
  if (program.missing) {
    process.stdout.write(`There is no server to measure against.\n${missing()}`);
    return 1;
  }

  interruption.catchSignals();
  const server = new ServerProcess(program, run.pinning.server);
  const results = new Results(run.pinning.isShared);
  try {
    await startServer(server, program);
    await measure(run, allPeers, server, results, file);
  } finally {
    await server.stop();
    file.close();
  }

  if (interruption.by)
    process.stdout.write(`Interrupted by ${interruption.by}: what was measured until then.\n\n`);
  const rows = run.cells.flatMap((cell) => results.table(run.peers, cell).rows);
  process.stdout.write(`${renderTables(run, results, paint)}\n\n`);
  process.stdout.write(`${renderNotes(run, rows, paint)}\n${missing()}`);
  if (interruption.by) return 130;
  return results.hasFailures ? 1 : 0;
}

/**
 * Measures round by round, and in a round client by client (A B C, A B C, …), so that the figures that are
 * compared were measured seconds apart.
 *
 * @param {import('./reports/quick-report.mjs').Run} run
 * @param {import('./peers/catalogue.mjs').Peer[]} allPeers
 * @param {ServerProcess} server
 * @param {Results} results
 * @param {SamplesFile} file
 */
async function measure({ options, pinning, cells, peers }, allPeers, server, results, file) {
  const { rounds, cellTime } = options;
  const present = peers.filter((peer) => !peer.missing);
  const ticks = ticksPerSecond();
  const tasksFor = (/** @type {readonly import('./plans/cells.mjs').Cell[]} */ todo) =>
    todo.map((cell, index) => taskFor(cell, cellTime, index === 0));
  const cellsOf = (/** @type {import('./peers/catalogue.mjs').Peer} */ peer) =>
    cells.filter((cell) => takesPart(peer, cell));
  const total = present.reduce((sum, peer) => sum + cellsOf(peer).length, 0);
  const progress = new Progress(process.stderr, rounds * total);
  const floor = /** @type {import('./peers/catalogue.mjs').Peer} */ (
    allPeers.find(({ name }) => name === 'net')
  );

  // The server compiles its code while it works, so it is warmed up before the first client is measured.
  progress.show('warming the server');
  await attempt(server, floor, pinning.client, tasksFor(cells), () => {}, interruption);

  for (let round = 1; round <= rounds; round++) {
    progress.startRound(round, rounds);
    for (const peer of present) {
      let left = cellsOf(peer).filter((cell) => !results.isGivenUp(peer.name, cell));
      progress.done += cellsOf(peer).length - left.length;
      while (left.length > 0) {
        announce();
        await attempt(
          server,
          peer,
          pinning.client,
          tasksFor(left),
          (outcome) => {
            const cell = /** @type {import('./plans/cells.mjs').Cell} */ (left[0]);
            left = left.slice(1);
            progress.done++;
            results.add(peer.name, cell, round, outcome, ticks);
            file.write({
              type: 'cell',
              peer: peer.name,
              ...cell,
              round,
              ticksPerSecond: ticks,
              ...outcome,
            });
            announce();
          },
          interruption,
        );
        if (interruption.by) return progress.clear();
      }

      function announce() {
        const [cell] = left;
        if (cell) progress.show(`round ${round} of ${rounds}: ${peer.label}, ${cellTitle(cell)}`);
      }
    }
  }
  progress.clear();
}

/**
 * @param {ServerProcess} server
 * @param {import('./servers/catalogue.mjs').ServerProgram} program
 */
async function startServer(server, program) {
  try {
    await server.ensure();
  } catch (error) {
    const others = listServers().filter(({ name, missing }) => name !== program.name && !missing);
    const advice =
      others.length > 0 ? `; try --server ${others.map(({ name }) => name).join(' or ')}` : '';
    throw new Error(`${program.label} ${/** @type {Error} */ (error).message}${advice}`);
  }
}

/** @param {string} name */
function chooseServer(name) {
  const servers = listServers();
  const asked = /** @type {typeof servers[number]} */ (
    servers.find((server) => server.name === name)
  );
  const fallback = servers.find((server) => server.name === FALLBACK_SERVER && !server.missing);
  if (!asked.missing || !fallback) return { program: asked, note: undefined };
  return { program: fallback, note: `instead of ${asked.label}: ${asked.missing}` };
}

/** @param {string | undefined} path */
function openSamples(path) {
  try {
    return new SamplesFile(path);
  } catch (error) {
    throw new UsageError(
      `--json cannot write ${path}: ${/** @type {NodeJS.ErrnoException} */ (error).code}`,
    );
  }
}

function choosePaint() {
  const isPlain =
    !process.stdout.isTTY || process.env.NO_COLOR !== undefined || process.env.TERM === 'dumb';
  const code = (/** @type {number} */ number) => (/** @type {string} */ text) =>
    isPlain ? text : `\x1b[${number}m${text}\x1b[0m`;
  return { bold: code(1), dim: code(2) };
}
