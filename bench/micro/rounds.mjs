/** Lets tasks take turns, round after round, and prints a line for each: the median over the rounds, with its spread. */
import { setImmediate as turn } from 'node:timers/promises';
import { medianWithSpread } from '../samples/ratios.mjs';

/** Ten rounds: the interval leaves out the best and the worst of them. */
const ROUNDS = 10;
/** Milliseconds. */
const WARM_UP = 100;
const ROUND = 20;

/**
 * @param {string} title
 * @param {{ what?: string, count: number, bytes?: number }} unit what a task does so often in one call, and how many bytes in each
 * @param {Record<string, () => void>} tasks by what they are called
 */
export async function compare(title, { what = 'message', count, bytes }, tasks) {
  const runners = Object.entries(tasks).map(([name, task]) => {
    const calls = callsWithin(task, WARM_UP);
    return { name, task, calls: Math.ceil((calls * ROUND) / WARM_UP), times: [] };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { task, calls, times } of runners) {
      const start = performance.now();
      for (let i = 0; i < calls; i++) task();
      times.push(((performance.now() - start) * 1e6) / (calls * count));
      // What a task has put off is not to be the next one's.
      await turn();
    }
  }
  console.log(title);
  for (const { name, times } of runners) {
    const { median, low, high } = medianWithSpread(times);
    const rate = bytes === undefined ? '' : `${(bytes / median).toFixed(2).padStart(8)} GB/s`;
    const spread = `(${digits(low)}–${digits(high)})`;
    console.log(
      `  ${name.padEnd(36)}${digits(median).padStart(8)} ns per ${what} ${spread.padEnd(18)}${rate}`.trimEnd(),
    );
  }
}

/** How often a task can be called in so many milliseconds. */
function callsWithin(task, ms) {
  const start = performance.now();
  let calls = 0;
  for (; performance.now() - start < ms; calls++) task();
  return calls;
}

function digits(ns) {
  return ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
}
