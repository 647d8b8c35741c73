// Shows that blocking connections leave nothing behind: many round trips on one connection, many connections one
// after the other, and hundreds at once; with each way of blocking I/O, plain and over TLS. It prints figures, and
// fails if memory or descriptors grow, or if the process does not end by itself.
//
//   npm run test:endurance -- [--trips 100000] [--cycles 10000] [--open 500] [--io wasi,worker]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BLOCKING_IO, listArgument } from '../../scripts/node-majors.mjs';
import { certificate, startEchoServers } from './echo-servers.mjs';

const self = fileURLToPath(import.meta.url);
const MIB = 2 ** 20;
/**
 * By how much each figure may grow. The thread that opens sockets collects its garbage when its engine chooses to, so
 * resident memory levels off late. A leak would still be seen: 10,000 connections that are kept hold some hundreds of
 * MiB over TLS, and other leaks show in the descriptors and the heap.
 */
const MAX_GROWN = { fds: 2, heap: 2 * MIB, rss: 64 * MIB };
/** The same for the `worker` way, in which that thread does TLS as well. */
const MAX_WORKER_RSS = 128 * MIB;
/** Most milliseconds between the last line of a client and the end of its process. */
const MAX_LINGERING = 2000;

if (process.argv[2] === '--client') await client(...process.argv.slice(3));
else await everywhere();

function numberArgument(name, byDefault) {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? byDefault : Number(process.argv[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} takes a number above 0`);
  process.exit(2);
}

async function everywhere() {
  const counts = {
    trips: numberArgument('trips', 100_000),
    cycles: numberArgument('cycles', 10_000),
    open: numberArgument('open', 500),
  };
  for (const io of listArgument('io', BLOCKING_IO)) {
    for (const way of ['plain', 'tls']) {
      const servers = await startEchoServers();
      try {
        await run(io, way, servers[way], counts);
      } finally {
        servers.stop();
      }
    }
  }
}

/** Runs a client to its end, and prints what it found. */
async function run(io, way, url, counts) {
  const args = ['--expose-gc', self, '--client', url, JSON.stringify(counts)];
  const env = { ...process.env, WIRESPEED_SYNC_IO: io };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let lastHeard = 0;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    lastHeard = performance.now();
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) report(io, way, JSON.parse(line));
  });
  const [code, signal] = await once(child, 'close');
  const lingered = performance.now() - lastHeard;
  if (code !== 0) fault(`${io}, ${way}: ended with ${signal ?? code}`);
  else if (lingered > MAX_LINGERING)
    fault(`${io}, ${way}: ended ${lingered} ms after its last line`);
  else console.log(`${io}, ${way}: ended by itself after ${lingered.toFixed(0)} ms`);
}

function report(io, way, { what, seconds, grown, note }) {
  const where = `${io}, ${way}`;
  const limits = io === 'worker' ? { ...MAX_GROWN, rss: MAX_WORKER_RSS } : MAX_GROWN;
  const figures = [
    `${grown.fds} descriptors`,
    `${(grown.heap / 1024).toFixed(0)} KiB of heap`,
    `${(grown.rss / MIB).toFixed(1)} MiB resident`,
  ];
  console.log(
    `${where}: ${what} in ${seconds.toFixed(1)} s; more afterwards: ${figures.join(', ')}${note}`,
  );
  for (const [name, most] of Object.entries(limits)) {
    if (grown[name] > most) fault(`${where}: ${what}: ${name} is not flat`);
  }
}

function fault(text) {
  console.log(`FAILED  ${text}`);
  process.exitCode = 1;
}

async function client(url, json) {
  const { connect } = await import('wirespeed/sync');
  const { trips, cycles, open } = JSON.parse(json);
  const options = { tls: { ca: certificate('authority') } };
  const roundTrip = (ws, message) => {
    ws.send(message);
    if (ws.recv({ timeout: 10_000 }) !== message) throw new Error('another message came back');
  };

  await measure(`${trips} round trips`, () => {
    const ws = connect(url, options);
    return {
      once: (i) => roundTrip(ws, `message ${i}`),
      end: () => ws.close(),
      times: trips,
    };
  });
  await measure(`${cycles} connections one after the other`, () => ({
    once(i) {
      const ws = connect(url, options);
      roundTrip(ws, 'hello');
      if (i % 10 === 0) ws.terminate();
      else ws.close();
    },
    end() {},
    times: cycles,
  }));
  await measure(`${open} connections at once`, () => ({
    once() {
      const before = process.memoryUsage.rss();
      const all = Array.from({ length: open }, () => connect(url, options));
      for (const [i, ws] of all.entries()) ws.send(`message ${i}`);
      for (const [i, ws] of all.entries()) {
        if (ws.recv({ timeout: 10_000 }) !== `message ${i}`) throw new Error('not its own message');
      }
      this.note = `; each takes ${((process.memoryUsage.rss() - before) / open / 1024).toFixed(0)} KiB`;
      for (const ws of all) ws.close();
    },
    end() {},
    times: 2,
  }));
}

/** Does something many times, after a warm-up of a third as many, and prints what has grown. */
async function measure(what, begin) {
  const work = begin();
  const warmUp = Math.ceil(work.times / 3);
  for (let i = 0; i < warmUp; i++) work.once(i);
  const before = await footprint();
  const begun = performance.now();
  for (let i = 0; i < work.times; i++) work.once(i);
  const seconds = (performance.now() - begun) / 1000;
  const after = await footprint();
  work.end();
  const grown = {};
  for (const name of Object.keys(before)) grown[name] = after[name] - before[name];
  console.log(JSON.stringify({ what, seconds, grown, note: work.note ?? '' }));
}

/** Returns what the process holds, after it has had time to free what it does not need. */
async function footprint() {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
  }
  // Only Linux lists the descriptors of a process in a folder.
  const fds = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { fds, heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss() };
}
