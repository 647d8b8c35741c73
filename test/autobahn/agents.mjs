/** Runs the cases of one agent: a client at the suite's fuzzing server, or the server at its fuzzing client. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { connect } from 'wirespeed';
import { startChild } from '../../bench/harness/child.mjs';
import { freePort, SetupError, startSuite } from './suite.mjs';

const CLIENT = fileURLToPath(new URL('client-process.mjs', import.meta.url));
const SERVER = fileURLToPath(new URL('server-process.mjs', import.meta.url));

const STARTING_LIMIT = 60_000;
/** The suite itself gives up a case of compression after 480 s, and any other after 100. */
const COMPRESSION_LIMIT = 500_000;
const LIMIT = 120_000;
/** Writing the reports of all cases takes some seconds. */
const REPORT_LIMIT = 120_000;

/**
 * Runs cases and leaves the suite's reports in a folder; returns the numbers of the cases.
 *
 * @param {string} agent
 * @param {string} python
 * @param {string} folder
 * @param {readonly string[]} patterns of cases
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<string[]>}
 */
export function runAgent(agent, python, folder, patterns, progress) {
  return agent === 'server'
    ? runServer(python, folder, patterns, progress)
    : runClient(agent, python, folder, patterns, progress);
}

async function runClient(client, python, folder, patterns, progress) {
  const url = `ws://127.0.0.1:${await freePort()}`;
  const spec = { url, outdir: folder, cases: patterns };
  const suite = new Suite(python, 'fuzzingserver', spec, () => {});
  try {
    const cases = await suite.running;
    await Promise.race([runAllCases(client, url, cases, suite, progress), suite.failed]);
    const ws = await connect(`${url}/updateReports?agent=${client}`);
    await within(REPORT_LIMIT, 'writing the reports', untilClosed(ws));
    return cases;
  } finally {
    suite.stop();
  }
}

async function runAllCases(client, url, cases, suite, progress) {
  for (let next = 0; next < cases.length && !suite.hasEnded; ) {
    next = await runCases(client, url, cases, next, progress);
  }
}

/** Runs cases from one on, in a process of its own; returns where to go on if one hangs, else how many there are. */
async function runCases(client, url, cases, from, progress) {
  let next = from;
  const watch = new Watch((id) => {
    progress.note(`case ${id} does not end: stopped`);
    child.kill('SIGKILL');
  });
  const { child, ended } = startChild(
    process.execPath,
    [CLIENT, client, url, ...cases.slice(from)],
    (line) => {
      const [kind, rest] = splitWord(line);
      if (kind === 'note') progress.note(`case ${cases[next - 1]}: ${rest}`);
      if (kind !== 'case') return;
      next++;
      progress.begin(rest, cases.length);
      watch.begin(rest);
    },
  );
  const how = await ended;
  watch.end();
  if (next === from) throw new SetupError(`the client ${how}`);
  if (next < cases.length && !watch.hasFired)
    progress.note(`case ${cases[next - 1]}: the client ${how}`);
  return next;
}

async function runServer(python, folder, patterns, progress) {
  const { child, url, failed } = await startServer();
  failed.catch((error) => {
    if (!suite.hasEnded) progress.note(error.message);
  });
  let cases = [];
  const watch = new Watch((id) => {
    progress.note(`case ${id} does not end: stopped`);
    // The suite notices, and writes its reports.
    child.kill('SIGKILL');
    setTimeout(() => suite.stop(), REPORT_LIMIT).unref();
  });
  const servers = [{ agent: 'server', url }];
  const spec = { servers, outdir: folder, cases: patterns };
  const suite = new Suite(python, 'fuzzingclient', spec, (line) => {
    const id = line.match(/^Running test case ID ([\d.]+)/)?.[1];
    if (id === undefined) return;
    progress.begin(id, cases.length);
    watch.begin(id);
  });
  try {
    cases = await suite.running;
    await suite.ended;
    return cases;
  } finally {
    watch.end();
    suite.stop();
    child.kill();
  }
}

async function startServer() {
  let tell;
  const started = new Promise((resolve) => {
    tell = resolve;
  });
  const { child, ended } = startChild(process.execPath, [SERVER], (line) => tell(line));
  const failed = ended.then((how) => {
    throw new SetupError(`the server ${how}`);
  });
  failed.catch(() => {});
  const url = await within(STARTING_LIMIT, 'starting the server', Promise.race([started, failed]));
  return { child, url, failed };
}

/** The suite, running. */
class Suite {
  /** The numbers of the cases it will run, once it is ready. */
  running;
  /** Fulfilled at its end. */
  ended;
  hasEnded = false;
  /** Rejected at its end, with the reason. */
  failed;
  #child;

  constructor(python, mode, spec, onLine) {
    let cases = [];
    let tell;
    const ready = new Promise((resolve) => {
      tell = resolve;
    });
    const { child, ended } = startSuite(python, mode, spec, (line) => {
      if (line.startsWith('Cases = ')) cases = line.match(/\d+(\.\d+)+/g) ?? [];
      else if (line === 'running') tell(cases);
      else onLine(line);
    });
    this.#child = child;
    this.ended = ended;
    this.failed = ended.then((how) => {
      this.hasEnded = true;
      throw new SetupError(`the suite ${how}`);
    });
    this.failed.catch(() => {});
    const started = Promise.race([ready, this.failed]).then(someOf);
    this.running = within(STARTING_LIMIT, 'starting the suite', started);
  }

  stop() {
    this.#child.kill();
  }
}

/** Fires when a case takes longer than the suite would let it. */
class Watch {
  hasFired = false;
  #fire;
  #timer;

  constructor(fire) {
    this.#fire = fire;
  }

  begin(id) {
    clearTimeout(this.#timer);
    const isCompressed = id.startsWith('12.') || id.startsWith('13.');
    this.#timer = setTimeout(
      () => {
        this.hasFired = true;
        this.#fire(id);
      },
      isCompressed ? COMPRESSION_LIMIT : LIMIT,
    );
  }

  end() {
    clearTimeout(this.#timer);
  }
}

function someOf(cases) {
  if (cases.length === 0) throw new SetupError('no case has such a number');
  return cases;
}

async function untilClosed(ws) {
  for await (const _ of ws);
}

function splitWord(line) {
  const space = line.indexOf(' ');
  return [line.slice(0, space), line.slice(space + 1)];
}

function within(limit, what, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new SetupError(`${what} takes longer than ${limit / 1000} s`)),
      limit,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
