/**
 * Runs a plan (`npm run bench -- --seed` and the others): measures section by section in each round, and writes every
 * outcome to a file.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { listPeers, takesPart } from '../peers/catalogue.mjs';
import { cellTitle } from '../plans/cells.mjs';
import { chooseServers, filterSections, PLANS } from '../plans/plan.mjs';
import { planTaskFor } from '../plans/tasks.mjs';
import { readBaseline, requirePrograms } from '../reports/baseline.mjs';
import { compareRuns, isPassed, renderGuard } from '../reports/guard.mjs';
import { Measured, readRecords } from '../reports/measured.mjs';
import { renderMissing } from '../reports/quick-report.mjs';
import { listStandings } from '../reports/standings.mjs';
import { summarizeStandings } from '../reports/standings-text.mjs';
import { hasTargets, renderTargets, summarizeTargets } from '../reports/targets.mjs';
import { shortPath, writeReports } from '../reports/write.mjs';
import { recordOf } from '../samples/record.mjs';
import { readSamples, SamplesFile } from '../samples/samples-file.mjs';
import { listServers } from '../servers/catalogue.mjs';
import { UsageError } from './arguments.mjs';
import { attempt } from './attempt.mjs';
import { choosePinning } from './cores.mjs';
import { describeMachine, ticksPerSecond } from './machine.mjs';
import { Outcomes } from './outcomes.mjs';
import { Progress } from './progress.mjs';
import { Servers } from './server-process.mjs';

/**
 * @param {readonly string[]} argv
 * @param {import('./arguments.mjs').BenchOptions} options
 * @param {import('./interruption.mjs').Interruption} interruption
 * @returns {Promise<number>} the exit code
 */
export async function runPlan(argv, options, interruption) {
  const resumed = options.resume === undefined ? undefined : readResumed(options.resume);
  const settings = resumed?.settings ?? options;
  const path = options.resume ?? options.json ?? defaultPath(settings.plan);
  const peers = listPeers();
  const programs = listServers();
  const wanted = filterSections(
    PLANS[settings.plan].sections(
      peers.filter(({ isVariant }) => !isVariant).map(({ name }) => name),
    ),
    settings,
  ).map((section) => ({ ...section, isSameCore: section.isSameCore || settings.sameCore }));
  const present = programs.filter(({ missing }) => !missing).map(({ name }) => name);
  const sections = chooseServers(wanted, present);
  if (sections.length === 0) throw new UsageError('nothing is left to measure with these flags');
  const baseline = settings.plan === 'guard' ? readBaseline(settings.against) : undefined;
  if (baseline) requirePrograms(sections, programs, peers);
  const servers = new Servers(programs);
  const outcomes = new Outcomes(resumed?.cells);

  mkdirSync(dirname(path), { recursive: true });
  const file = new SamplesFile(path, { isAppending: resumed !== undefined });
  file.write({
    type: resumed ? 'resumed' : 'machine',
    ...describeMachine(argv),
    pinning: choosePinning(settings.sameCore),
    options: settings,
    peers: peers.map(factsOf),
    servers: programs.map(factsOf),
    sections,
  });
  process.stderr.write(
    `samples go to ${path}; npm run bench -- --resume ${path} continues the run if it is interrupted\n`,
  );
  interruption.catchSignals();
  try {
    await measure({ settings, sections, peers, servers, outcomes, file }, interruption);
  } finally {
    await servers.stop();
    file.close();
  }
  // Before a comparison it was checked that all it needs is installed.
  if (!baseline) process.stdout.write(`${renderMissing([...peers, ...programs])}\n`);
  if (interruption.by) {
    process.stdout.write(
      `Interrupted by ${interruption.by}; npm run bench -- --resume ${path} continues the run.\n`,
    );
    return 130;
  }
  const { text, isPassed } = baseline ? compareWith(baseline, path) : reportOf(path);
  process.stdout.write(`${text}\nThe samples are in ${path}.\n`);
  return outcomes.hasFailures || !isPassed ? 1 : 0;
}

/**
 * Compares the speed with that of an earlier run.
 *
 * @param {ReturnType<typeof readBaseline>} baseline
 * @param {string} path of the samples
 */
function compareWith(baseline, path) {
  const measured = new Measured(readRecords(path));
  const comparisons = compareRuns(baseline.measured, measured);
  const text = renderGuard(comparisons, baseline.measured, measured, baseline.path);
  return { text, isPassed: isPassed(comparisons) };
}

/**
 * Writes the reports, and sums them up in a few lines.
 *
 * @param {string} path of the samples
 */
function reportOf(path) {
  const { measured, written } = writeReports(path);
  const text = [
    ...(hasTargets(measured) ? [renderTargets(measured), summarizeTargets(measured)] : []),
    ...summarizeStandings(listStandings(measured)),
    `Reports: ${written.map(shortPath).join(', ')}`,
  ].join('\n');
  return { text, isPassed: true };
}

/**
 * @typedef {object} PlanRun
 * @property {import('./arguments.mjs').BenchOptions} settings
 * @property {import('../plans/plan.mjs').Section[]} sections
 * @property {import('../peers/catalogue.mjs').Peer[]} peers
 * @property {Servers} servers
 * @property {Outcomes} outcomes
 * @property {SamplesFile} file
 */

/**
 * @param {PlanRun} run
 * @param {import('./interruption.mjs').Interruption} interruption
 */
async function measure({ settings, sections, peers, servers, outcomes, file }, interruption) {
  const ticks = ticksPerSecond();
  const pinnings = { apart: choosePinning(false), together: choosePinning(true) };
  const pinningOf = (/** @type {import('../plans/plan.mjs').Section} */ { isSameCore }) =>
    isSameCore ? pinnings.together : pinnings.apart;
  const steps = sections.flatMap((section) =>
    peers
      .filter(({ name, missing }) => !missing && section.peers.includes(name))
      .map((peer) => ({ section, peer, serverName: peer.server ?? section.server }))
      .filter(({ serverName }) => !servers.program(serverName).missing),
  );
  const cellsOf = (/** @type {typeof steps[number]} */ { section, peer }) =>
    section.cells.filter((cell) => takesPart(peer, cell));
  const total = steps.reduce((sum, step) => sum + cellsOf(step).length, 0) * settings.rounds;
  const progress = new Progress(process.stderr, total);

  for (let round = 1; round <= settings.rounds; round++) {
    progress.startRound(round, settings.rounds);
    for (const step of steps) {
      const { section, peer, serverName } = step;
      const cells = cellsOf(step);
      const pinning = pinningOf(section);
      const { isStamping } = servers.program(serverName);
      let left = cells.filter((cell) => outcomes.isWanted(section.name, peer.name, cell, round));
      progress.skip(cells.length - left.length);
      while (left.length > 0) {
        announce(left[0]);
        const server = await servers.get(serverName, section, pinning.server, (running) =>
          warmServer(running, section, pinning.client),
        );
        const tasks = left.map((cell, index) =>
          planTaskFor(cell, settings.cellTime, index === 0, isStamping),
        );
        await attempt(server, peer, pinning.client, tasks, take, interruption);
        if (interruption.by) return progress.clear();
      }

      /** @param {import('./client-process.mjs').Outcome} outcome */
      function take(outcome) {
        const [cell, ...rest] = left;
        left = rest;
        progress.done++;
        const place = { section: section.name, server: serverName, peer: peer.name };
        const where = {
          ...place,
          .../** @type {import('../plans/cells.mjs').Cell} */ (cell),
          round,
        };
        const record = recordOf(where, outcome, ticks, peer.server !== undefined);
        outcomes.add(record);
        file.write(record);
        announce(left[0]);
      }

      /** @param {import('../plans/cells.mjs').Cell | undefined} cell */
      function announce(cell) {
        if (!cell) return;
        progress.show(
          `${round}/${settings.rounds} ${serverName}: ${peer.label}, ${cellTitle(cell)}`,
        );
      }
    }
  }
  progress.clear();

  /**
   * Warms a server up, so that its code is compiled before the first client is measured.
   *
   * @param {import('./server-process.mjs').ServerProcess} server
   * @param {import('../plans/plan.mjs').Section} section
   * @param {number | undefined} core
   */
  async function warmServer(server, { cells }, core) {
    const floor = peers.find(({ name }) => name === 'net');
    const ends = [...new Set([cells[0], cells.at(-1)])].filter((cell) => cell !== undefined);
    if (!floor || ends.length === 0) return;
    const tasks = ends.map((cell) => planTaskFor(cell, 300, true, false));
    await attempt(server, floor, core, tasks, () => {}, interruption);
  }
}

/** @param {string} path */
function readResumed(path) {
  const { machine, cells } = read();
  const settings = /** @type {import('./arguments.mjs').BenchOptions} */ (machine.options);
  if (!Object.hasOwn(PLANS, settings?.plan)) {
    throw new UsageError(`${path} belongs to a run without a plan, which cannot be resumed`);
  }
  return { settings, cells };

  function read() {
    try {
      return readSamples(path);
    } catch (error) {
      throw new UsageError(`--resume cannot continue: ${/** @type {Error} */ (error).message}`);
    }
  }
}

/** @param {{ command: string, args: string[] }} program */
function factsOf({ command: _command, args: _args, ...facts }) {
  return facts;
}

/** @param {string} plan */
function defaultPath(plan) {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  return fileURLToPath(new URL(`../.local/runs/${plan}-${time}.jsonl`, import.meta.url));
}
