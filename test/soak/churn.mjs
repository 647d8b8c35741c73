// Makes the garbage collector work as hard as it can during the system calls of the sync client, on every major
// version of Node.js. A call that must not be made while memory is moved would crash within seconds. Two threads
// send and receive, one plain and one over TLS, and make garbage of every kind between the calls.
//
//   npm run test:churn -- [--seconds 60] [--majors 20,22,24,26]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { listArgument, MAJORS, nodeBinary } from '../../scripts/node-majors.mjs';
import { certificate, startEchoServers } from './echo-servers.mjs';

const self = fileURLToPath(import.meta.url);
/** Young garbage is collected at random moments, before its space is full. */
const FLAGS = ['--max-semi-space-size=1', '--stress-scavenge=60', '--expose-gc'];
const SIZES = [0, 1, 125, 126, 1000, 65_535, 65_536, 300_000];

if (!isMainThread) churn();
else if (process.argv[2] === '--client') await client(process.argv.slice(3));
else await everywhere();

async function everywhere() {
  const at = process.argv.indexOf('--seconds');
  const seconds = at < 0 ? 60 : Number(process.argv[at + 1]);
  if (!(seconds > 0)) {
    console.error('--seconds takes a number of seconds');
    process.exit(2);
  }
  // The servers run without the flags.
  const servers = await startEchoServers();
  try {
    for (const major of listArgument('majors', MAJORS)) {
      const args = [...FLAGS, self, '--client', String(seconds), servers.plain, servers.tls];
      const run = spawn(nodeBinary(major), args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      run.stdout.on('data', (chunk) => {
        output += chunk;
      });
      const [code, signal] = await once(run, 'close');
      const isSuccess = code === 0;
      if (!isSuccess) process.exitCode = 1;
      const end = isSuccess ? 'no error' : `ENDED WITH ${signal ?? code}`;
      console.log(`Node.js ${major}: ${output.trim() || 'nothing'}; ${end}`);
    }
  } finally {
    servers.stop();
  }
}

/** Runs a thread for each URL, and prints how much they have done. */
async function client([seconds, ...urls]) {
  const until = Date.now() + Number(seconds) * 1000;
  const workers = urls.map((url) => new Worker(self, { workerData: { url, until } }));
  const counts = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message'))[0]),
  );
  console.log(
    counts
      .map(({ trips, scavenges }) => `${trips} round trips, ${scavenges} collections`)
      .join(' and '),
  );
}

async function churn() {
  const { PerformanceObserver } = await import('node:perf_hooks');
  const { connect } = await import('wirespeed/sync');
  const { url, until } = workerData;
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    scavenges += list.getEntries().length;
  });
  observer.observe({ entryTypes: ['gc'] });
  const kept = [];
  let trips = 0;
  while (Date.now() < until) {
    const ws = connect(url, { tls: { ca: certificate('authority') } });
    for (let i = 0; i < 300 && Date.now() < until; i++) {
      const size = SIZES[i % SIZES.length];
      const message = i % 3 === 0 ? 'é'.repeat(size >> 1) : new Uint8Array(size).fill(i);
      ws.send(message);
      // Garbage of every kind and age: objects, strings, closures, external memory.
      for (let j = 0; j < 50; j++) {
        kept[(i * 50 + j) % 5000] = {
          i,
          text: `${i}:${j}`,
          call: () => j,
          bytes: new Uint8Array(64),
        };
      }
      const back = ws.recv({ timeout: 10_000 });
      if (back.length !== message.length || back.at(-1) !== message.at(-1)) {
        throw new Error(`message ${i} of ${size} bytes came back changed`);
      }
      try {
        if (i % 50 === 0) ws.recv({ timeout: 0.1 });
      } catch (error) {
        if (error.code !== 'WS_TIMEOUT') throw error;
      }
      if (i % 100 === 0) gc();
      trips++;
    }
    ws.close();
    // The observer is called in a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  parentPort.postMessage({ trips, scavenges });
}
