/**
 * `npm run bench:polling`: what a round trip takes, in time and CPU, with a client that sleeps, one that polls, and one
 * that decides by itself: over the time that the server takes to answer, then in other situations. Rounds are
 * interleaved.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { choosePinning } from '../harness/cores.mjs';
import { medianWithInterval } from '../samples/ratios.mjs';

const CLIENTS = ['events', 'async', 'sync'];
const WAYS = { sleeps: '0', polls: '200', decides: 'default' };
const DELAYS = [0, 10, 20, 40, 80, 120, 200];

/**
 * @typedef {object} Situation
 * @property {string} title
 * @property {number} [delay] microseconds that the server takes
 * @property {boolean} [isSameCore]
 * @property {string} [work] what else the client's process does
 * @property {readonly string[]} [clients]
 */

/** @type {Situation[]} */
const OTHERS = [
  { title: 'one core', isSameCore: true },
  { title: 'one core, 40 µs', isSameCore: true, delay: 40 },
  { title: 'busy event loop', work: 'busy', clients: ['events', 'async'] },
  { title: '50 connections', work: 'many', clients: ['events', 'async'] },
  { title: 'slow server, 2 ms', delay: 2000 },
  { title: 'feed, 1000/s', work: 'feed' },
];

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    time: { type: 'string', default: '400' },
  },
});
const pinnings = { apart: choosePinning(false), together: choosePinning(true) };
console.log(
  `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} processors, Node.js ${process.version}; ` +
    `${pinnings.apart.description}; ${values.rounds} rounds of ${values.time} ms. Microseconds: time (interval), CPU.\n`,
);
console.log('| situation | client | sleeps | polls | decides |');
console.log('| --- | --- | ---: | ---: | ---: |');
for (const delay of DELAYS) await measure({ title: `server takes ${delay} µs`, delay });
for (const situation of OTHERS) await measure(situation);

/** @param {Situation} situation */
async function measure({
  title,
  delay = 0,
  isSameCore = false,
  work = 'alone',
  clients = CLIENTS,
}) {
  const pinning = isSameCore ? pinnings.together : pinnings.apart;
  const server = spawn(...pinned(pinning.server, [path('echo.mjs'), String(delay), work]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(server.stdout, 'data');
    const url = String(line).trim();
    /** @type {Map<string, { time: number[], cpu: number[] }>} */
    const measured = new Map();
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const client of clients) {
        for (const busyPoll of Object.values(WAYS)) {
          const args = [path('client.mjs'), client, busyPoll, url, values.time, work];
          const { time, cpu } = JSON.parse(String(execFileSync(...pinned(pinning.client, args))));
          const key = `${client} ${busyPoll}`;
          const figures = measured.get(key) ?? { time: [], cpu: [] };
          figures.time.push(time);
          figures.cpu.push(cpu);
          measured.set(key, figures);
        }
      }
    }
    for (const client of clients) {
      const cells = Object.values(WAYS).map((busyPoll) => {
        const { time, cpu } = measured.get(`${client} ${busyPoll}`) ?? { time: [], cpu: [] };
        return `${text(time)}, ${medianWithInterval(cpu).median.toFixed(1)}`;
      });
      console.log(`| ${title} | ${client} | ${cells.join(' | ')} |`);
    }
  } finally {
    server.kill();
  }
}

/** @param {number[]} times */
function text(times) {
  const { median, low, high } = medianWithInterval(times);
  return `${median.toFixed(1)} (${low.toFixed(0)}–${high.toFixed(0)})`;
}

/**
 * @param {number | undefined} core
 * @param {string[]} args of Node.js
 * @returns {[string, string[]]}
 */
function pinned(core, args) {
  return core === undefined
    ? [process.execPath, args]
    : ['taskset', ['-c', String(core), process.execPath, ...args]];
}
