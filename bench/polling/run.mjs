/**
 * `npm run bench:polling`: time and CPU of a round trip over the time that a server takes to answer, for each client
 * sleeping, polling, and deciding by itself; on two processors and on one. Rounds are interleaved.
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
const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    time: { type: 'string', default: '400' },
    delays: { type: 'string', default: DELAYS.join() },
    'same-core': { type: 'boolean', default: false },
  },
});
const pinning = choosePinning(values['same-core']);
console.log(
  `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} processors, Node.js ${process.version}; ` +
    `server on ${pinning.server ?? 'any'}, client on ${pinning.client ?? 'any'}; ${values.rounds} rounds of ${values.time} ms\n`,
);
console.log(
  '| server takes | client | sleeps: time, CPU | polls: time, CPU | decides: time, CPU |',
);
console.log('| ---: | --- | ---: | ---: | ---: |');
for (const delay of values.delays.split(',')) await measure(delay);

/** @param {string} delay microseconds that the server takes */
async function measure(delay) {
  const server = spawn(...pinned(pinning.server, [path('echo.mjs'), delay]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(server.stdout, 'data');
    const url = String(line).trim();
    /** @type {Map<string, { time: number[], cpu: number[] }>} */
    const measured = new Map();
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const client of CLIENTS) {
        for (const busyPoll of Object.values(WAYS)) {
          const work = [path('client.mjs'), client, busyPoll, url, values.time];
          const { time, cpu } = JSON.parse(String(execFileSync(...pinned(pinning.client, work))));
          const key = `${client} ${busyPoll}`;
          const figures = measured.get(key) ?? { time: [], cpu: [] };
          figures.time.push(time);
          figures.cpu.push(cpu);
          measured.set(key, figures);
        }
      }
    }
    for (const client of CLIENTS) {
      const cells = Object.values(WAYS).map((busyPoll) => {
        const { time, cpu } = measured.get(`${client} ${busyPoll}`) ?? { time: [], cpu: [] };
        return `${text(time)}, ${medianWithInterval(cpu).median.toFixed(1)}`;
      });
      console.log(`| ${delay} µs | ${client} | ${cells.join(' | ')} |`);
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
