// Exchanges messages for a while with one client, and prints what one of them takes: microseconds of time and of CPU.
// Arguments: the client, the option busyPoll or `default`, the server's URL, the milliseconds to measure, and what else
// is going on: `alone`, `busy` (timers compute for half of the time), `many` (50 connections), or `feed` (it only
// receives).
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';

const [client = '', busyPoll = '', url = '', time = '', situation = 'alone'] =
  process.argv.slice(2);
const options = busyPoll === 'default' ? {} : { busyPoll: Number(busyPoll) };
const payload = new Uint8Array(512).fill(7);
const isFeed = situation === 'feed';

/** Connects, and returns what has one message come. @type {Record<string, () => Promise<() => unknown>>} */
const CLIENTS = {
  async sync() {
    const { connect } = await importLibrary('wirespeed/sync');
    const ws = connect(url, options);
    return () => {
      if (!isFeed) ws.send(payload);
      ws.recv();
    };
  },
  async async() {
    const { connect } = await importLibrary('wirespeed');
    const ws = await connect(url, options);
    return async () => {
      if (!isFeed) await ws.send(payload);
      await ws.recv();
    };
  },
  async events() {
    const { connect } = await importLibrary('wirespeed/events');
    let came = () => {};
    const ws = await connect(url, { message: () => came() }, options);
    return () =>
      new Promise((resolve) => {
        came = /** @type {() => void} */ (resolve);
        if (!isFeed) ws.send(payload);
      });
  },
};

const connect = /** @type {() => Promise<() => unknown>} */ (CLIENTS[client]);
const exchanges = [];
for (let i = 0; i < (situation === 'many' ? 50 : 1); i++) exchanges.push(await connect());
if (situation === 'busy') setInterval(compute, 2);

await run(Number(time));
const before = process.cpuUsage();
const begun = performance.now();
const count = await run(Number(time));
const elapsed = performance.now() - begun;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ time: (elapsed * 1000) / count, cpu: (user + system) / count }));
process.exit();

/** @param {number} milliseconds */
async function run(milliseconds) {
  let count = 0;
  const until = performance.now() + milliseconds;
  await Promise.all(
    exchanges.map(async (exchange) => {
      for (; performance.now() < until; count++) await exchange();
    }),
  );
  return count;
}

/** Keeps the event loop busy for a millisecond. */
function compute() {
  const until = performance.now() + 1;
  while (performance.now() < until);
}
