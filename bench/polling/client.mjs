// Makes round trips for a while with one client, and prints what one of them takes: microseconds of time and of CPU.
// Arguments: the client, the option busyPoll or `default`, the server's URL, and the milliseconds to measure.
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';

const [client = '', busyPoll = '', url = '', time = ''] = process.argv.slice(2);
const options = busyPoll === 'default' ? {} : { busyPoll: Number(busyPoll) };
const payload = new Uint8Array(512).fill(7);

/** Connects, and returns what makes a round trip. @type {Record<string, () => Promise<() => unknown>>} */
const CLIENTS = {
  async sync() {
    const { connect } = await importLibrary('wirespeed/sync');
    const ws = connect(url, options);
    return () => {
      ws.send(payload);
      ws.recv();
    };
  },
  async async() {
    const { connect } = await importLibrary('wirespeed');
    const ws = await connect(url, options);
    return async () => {
      await ws.send(payload);
      await ws.recv();
    };
  },
  async events() {
    const { connect } = await importLibrary('wirespeed/events');
    let answered = () => {};
    const ws = await connect(url, { message: () => answered() }, options);
    return () =>
      new Promise((resolve) => {
        answered = /** @type {() => void} */ (resolve);
        ws.send(payload);
      });
  },
};

const roundTrip = await /** @type {() => Promise<() => unknown>} */ (CLIENTS[client])();
/** @param {number} milliseconds */
async function run(milliseconds) {
  let count = 0;
  for (const until = performance.now() + milliseconds; performance.now() < until; count++) {
    await roundTrip();
  }
  return count;
}

await run(Number(time));
const before = process.cpuUsage();
const begun = performance.now();
const count = await run(Number(time));
const elapsed = performance.now() - begun;
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ time: (elapsed * 1000) / count, cpu: (user + system) / count }));
process.exit();
