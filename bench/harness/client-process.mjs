/** Runs some cells in one client process, and collects its answers. */

import process from 'node:process';
import { timeLimit } from '../plans/tasks.mjs';
import { TRUST } from './certificates.mjs';
import { startChild } from './child.mjs';
import { pinned } from './cores.mjs';

/**
 * Keeps V8's young generation from growing while memory is measured. It grows by up to 16 MiB at once, when a program has
 * made enough garbage: a client that makes little would grow it later, among the connections that count.
 */
const ONE_SEMI_SPACE = '--max-semi-space-size=1';

/**
 * @typedef {object} Outcome
 * @property {import('../peers/measure.mjs').Result} [result]
 * @property {string} [failure] why there is no result
 * @property {boolean} [isHang] whether it failed by running out of time
 */

/**
 * Runs the tasks in turn, in one process, and hands over each result as it comes. After a failure no further
 * task is run, because the state of the process is unknown.
 *
 * @param {import('../peers/catalogue.mjs').Peer} peer
 * @param {number | undefined} core
 * @param {{ url: string, serverPid: number, tasks: readonly import('../plans/tasks.mjs').Task[] }} work
 * @param {(result: import('../peers/measure.mjs').Result) => void} onResult
 * @returns {Promise<Outcome | undefined>} the failure; undefined when every task has its result
 */
export async function runClient(peer, core, work, onResult) {
  const driverArgs = [
    ...peer.args,
    JSON.stringify({ ...work, module: peer.module, options: peer.options }),
  ];
  const isIdle = work.tasks.some(({ mode }) => mode === 'idle');
  const flags = isIdle && peer.command === process.execPath ? [ONE_SEMI_SPACE] : [];
  const [command, args] = pinned(core, peer.command, [...flags, ...driverArgs]);
  const limits = work.tasks.map(timeLimit);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let isHang = false;
  let done = 0;

  const answer = new Answer((result) => {
    done++;
    watch();
    onResult(result);
  });
  const { child, ended } = startChild(command, args, (line) => answer.take(line), {
    ...TRUST,
    ...peer.env,
  });
  watch();
  const end = await ended;
  clearTimeout(timer);
  if (done === work.tasks.length) return undefined;
  if (isHang) return { failure: `no answer within ${seconds(limits[done])}`, isHang };
  return { failure: answer.failure ?? `the client ${end}` };

  function watch() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isHang = true;
      child.kill('SIGKILL');
    }, limits[done] ?? 2000);
  }
}

/** Puts the lines together that a client process answers with. */
export class Answer {
  /** @type {string | undefined} */
  failure;
  /** @type {Record<string, number[]>} */
  #samples = {};
  #onResult;

  /** @param {(result: import('../peers/measure.mjs').Result) => void} onResult */
  constructor(onResult) {
    this.#onResult = onResult;
  }

  /** @param {string} line */
  take(line) {
    const { type, ...rest } = parse(line);
    if (type === 'samples') {
      for (const [kind, values] of Object.entries(rest)) {
        const kept = this.#samples[kind] ?? [];
        for (const value of values) kept.push(value);
        this.#samples[kind] = kept;
      }
    } else if (type === 'finished') {
      const samples = this.#samples;
      this.#samples = {};
      this.#onResult({ times: [], ...rest, ...samples });
    } else if (type === 'failed') {
      this.failure = rest.reason;
    }
  }
}

/**
 * @param {string} line
 * @returns {any} an empty object for a line that is no answer, such as a runtime's own notice
 */
function parse(line) {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}

/** @param {number | undefined} ms */
function seconds(ms = 0) {
  return `${(ms / 1000).toFixed(0)} s`;
}
