/**
 * Performs tasks with connections: one that exchanges messages, many that do so at once, one opened after the other, or
 * many that are idle.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { monotonicOrigin } from './clock.mjs';
import { Exchange } from './exchange.mjs';
import { cpuTimes, difference, Measure } from './measure.mjs';
import { PacedExchange } from './paced-exchange.mjs';
import { IdleExchange, OneMessageExchange } from './single-message.mjs';

/** Most connections that are being opened at a time, so that no server's backlog overflows. */
const MAX_OPENING_AT_ONCE = 50;
/** Milliseconds to wait after garbage was collected, since some memory is freed a little later. */
const SETTLING = 300;

/**
 * @typedef {object} Work
 * @property {import('../plans/tasks.mjs').Task & { serverPid: number }} task
 * @property {string} url of the server
 * @property {(url: string, exchange: any) => Promise<unknown>} run drives the client on one connection until it has closed
 */

/**
 * Performs a task.
 *
 * @param {Work} work
 * @returns {Promise<import('./measure.mjs').Result>}
 */
export function perform(work) {
  if (work.task.mode === 'connect') return connectAgainAndAgain(work);
  if (work.task.mode === 'idle') return lieIdle(work);
  if (work.task.mode === 'paced') return keepPace(work);
  return converse(work);
}

/** @param {Work} work */
async function converse({ task, url, run }) {
  const measure = new Measure(task);
  const origin = await monotonicOrigin();
  const { connections = 1 } = task;
  if (connections > 1) measure.hold();
  const exchanges = /** @type {Exchange[]} */ ([]);
  const running = [];
  while (exchanges.length < connections) {
    const exchange = new Exchange(task, origin, measure);
    exchanges.push(exchange);
    running.push(run(new URL(exchange.path, url).href, exchange));
    const opened = exchanges.length - MAX_OPENING_AT_ONCE;
    if (opened >= 0) await until(() => exchanges[opened]?.hasBegun);
  }
  if (connections > 1) {
    await until(() => exchanges.every(({ hasBegun }) => hasBegun));
    measure.release();
  }
  await Promise.all(running);
  if (!measure.result || !exchanges.every(({ isDone }) => isDone)) {
    throw new Error('a connection closed before every reply had arrived');
  }
  return measure.result;
}

/** @param {Work} work */
async function connectAgainAndAgain({ task, url, run }) {
  const measure = new Measure(task);
  while (!measure.result) {
    const exchange = new OneMessageExchange(task.size);
    const begun = performance.now();
    await run(url, exchange);
    if (!exchange.isDone) throw new Error('the connection closed before its reply had arrived');
    measure.takeLatency(performance.now(), begun);
  }
  return measure.result;
}

/** @param {Work} work */
async function keepPace({ task, url, run }) {
  const exchange = new PacedExchange(task);
  await run(new URL(exchange.path, url).href, exchange);
  if (!exchange.result) throw new Error('the server stopped sending: an echo was wrong');
  return exchange.result;
}

/** @param {Work} work */
async function lieIdle({ task, url, run }) {
  const { connections = 1, serverPid, size } = task;
  const exchange = new IdleExchange(size);
  const open = async (/** @type {number} */ count) => {
    for (let opened = 0; opened < count; opened++) {
      const idle = exchange.idle;
      run(url, exchange);
      // One after the other, since the exchange cannot tell connections apart.
      await until(() => exchange.idle > idle);
    }
  };
  // These first connections do not count. They take what a process needs only once, and heaps grow in steps at first.
  await open(Math.ceil(connections / 2));
  const before = await memory(serverPid);
  const cpuBefore = cpuTimes(serverPid);
  const begun = performance.now();
  await open(connections);
  const elapsed = (performance.now() - begun) * 1000;
  const cpu = cpuTimes(serverPid);
  const after = await memory(serverPid);
  return {
    times: [],
    messages: connections,
    elapsed,
    clientUser: cpu.user - cpuBefore.user,
    clientSystem: cpu.system - cpuBefore.system,
    serverTicks: difference(cpu.serverTicks, cpuBefore.serverTicks),
    bytesPerConnection: (after.client - before.client) / connections,
    serverBytesPerConnection: (after.server - before.server) / connections,
  };
}

/** @param {number} serverPid */
async function memory(serverPid) {
  for (let i = 0; i < 2; i++) {
    await collectGarbage();
    await delay(SETTLING);
  }
  return { client: residentBytes(process.pid), server: residentBytes(serverPid) };
}

async function collectGarbage() {
  const { Bun: bun, Deno: deno, gc } = /** @type {any} */ (globalThis);
  if (bun) return bun.gc(true);
  if (gc) return gc();
  if (deno) throw new Error('run Deno with --v8-flags=--expose-gc');
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** @param {number} pid */
function residentBytes(pid) {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  if (!kibibytes) throw new Error('this system does not show the memory of a process');
  return Number(kibibytes) * 1024;
}

/** @param {() => unknown} condition */
async function until(condition) {
  while (!condition()) await delay(1);
}

/** @param {number} ms */
function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
