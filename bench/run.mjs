/** `npm run bench`: measures every client against one echo server and prints a table per cell. */
import process from 'node:process';
import { helpText, parseArguments, UsageError } from './arguments.mjs';
import { cellTitle, listCells, taskFor } from './cells.mjs';
import { killChildren } from './child.mjs';
import { runClient } from './client-process.mjs';
import { choosePinning } from './cores.mjs';
import { describeMachine, ticksPerSecond } from './machine.mjs';
import { listPeers, PEER_GROUPS } from './peers/catalogue.mjs';
import { Progress } from './progress.mjs';
import { renderHeader, renderMissing, renderNotes, renderTables } from './report.mjs';
import { Results } from './results.mjs';
import { SamplesFile } from './samples-file.mjs';
import { ServerProcess } from './server-process.mjs';
import { listServers } from './servers/catalogue.mjs';

const FALLBACK_SERVER = 'ws';

let isInterrupted = false;
/** @type {NodeJS.Signals | undefined} */
let interruptedBy;

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
  const options = parseArguments(argv, PEER_GROUPS);
  if (options.help) {
    process.stdout.write(helpText([...PEER_GROUPS.keys()]));
    return 0;
  }
  const file = openSamples(options.json);
  const { program, note } = chooseServer(options.server);
  const allPeers = listPeers();
  const run = {
    options,
    machine: describeMachine(argv),
    pinning: choosePinning(options.sameCore),
    server: program,
    serverNote: note,
    cells: listCells(options.modes, options.sizes),
    peers: allPeers.filter((peer) => options.peers.includes(peer.name)),
  };
  const paint = choosePaint();
  const missing = () => `${renderMissing([...run.peers, ...listServers()])}\n`;
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

  catchInterruptions();
  const server = new ServerProcess(program, run.pinning.server);
  const results = new Results(run.pinning.isShared);
  try {
    await startServer(server, program);
    await measure(run, allPeers, server, results, file);
  } finally {
    await server.stop();
    file.close();
  }

  if (interruptedBy)
    process.stdout.write(`Interrupted by ${interruptedBy}: what was measured until then.\n\n`);
  const rows = run.cells.flatMap((cell) => results.table(run.peers, cell).rows);
  process.stdout.write(`${renderTables(run, results, paint)}\n\n`);
  process.stdout.write(`${renderNotes(run, rows, paint)}\n${missing()}`);
  if (interruptedBy) return 130;
  return results.hasFailures ? 1 : 0;
}

/**
 * Measures round by round, and in a round client by client (A B C, A B C, …), so that what is compared
 * was measured seconds apart.
 *
 * @param {import('./report.mjs').Run} run
 * @param {import('./peers/catalogue.mjs').Peer[]} allPeers
 * @param {ServerProcess} server
 * @param {Results} results
 * @param {SamplesFile} file
 */
async function measure({ options, pinning, cells, peers }, allPeers, server, results, file) {
  const { rounds, cellTime } = options;
  const present = peers.filter((peer) => !peer.missing);
  const ticks = ticksPerSecond();
  const progress = new Progress(process.stderr, rounds * present.length * cells.length);
  const floor = /** @type {import('./peers/catalogue.mjs').Peer} */ (
    allPeers.find(({ name }) => name === 'net')
  );

  // The server compiles and warms its own code too: nobody is to be the one who finds it cold.
  progress.show('warming the server');
  await attempt(floor, cells, () => {});

  for (let round = 1; round <= rounds; round++) {
    progress.startRound(round, rounds);
    for (const peer of present) {
      let left = cells.filter((cell) => !results.isGivenUp(peer.name, cell));
      progress.done += cells.length - left.length;
      while (left.length > 0) {
        await attempt(
          peer,
          left,
          (outcome) => {
            const cell = /** @type {import('./cells.mjs').Cell} */ (left[0]);
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
          announce,
        );
        if (isInterrupted) return progress.clear();
      }

      function announce() {
        const [cell] = left;
        if (cell) progress.show(`round ${round} of ${rounds}: ${peer.label}, ${cellTitle(cell)}`);
      }
    }
  }
  progress.clear();

  /**
   * Runs one process through the cells, until they are done or one fails.
   *
   * @param {import('./peers/catalogue.mjs').Peer} peer
   * @param {readonly import('./cells.mjs').Cell[]} todo
   * @param {(outcome: import('./client-process.mjs').Outcome) => void} onOutcome
   * @param {() => void} [onStart]
   */
  async function attempt(peer, todo, onOutcome, onStart) {
    onStart?.();
    const tasks = todo.map((cell, index) => taskFor(cell, cellTime, index === 0));
    let running;
    try {
      running = await server.ensure();
    } catch (error) {
      return onOutcome({ failure: `the server ${/** @type {Error} */ (error).message}` });
    }
    const work = { url: running.url, serverPid: running.pid, tasks };
    const failed = await runClient(peer, pinning.client, work, (result) => onOutcome({ result }));
    if (!failed || isInterrupted) return;
    const death = await server.death();
    // Which of the two hung is not known: nobody else is to wait for a server that did.
    if (failed.isHang) await server.stop();
    onOutcome(death ? { ...failed, failure: `the server ${death} (${failed.failure})` } : failed);
  }
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

/** The first signal ends the children and lets the tables be printed; the second ends everything. */
function catchInterruptions() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => {
      if (isInterrupted) process.exit(130);
      isInterrupted = true;
      interruptedBy = signal;
      killChildren();
    });
  }
  process.stdout.on('error', () => process.exit(1));
}

function choosePaint() {
  const isPlain =
    !process.stdout.isTTY || process.env.NO_COLOR !== undefined || process.env.TERM === 'dumb';
  const code = (/** @type {number} */ number) => (/** @type {string} */ text) =>
    isPlain ? text : `\x1b[${number}m${text}\x1b[0m`;
  return { bold: code(1), dim: code(2) };
}
