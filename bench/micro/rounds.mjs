/** Runs tasks in turn, round after round, and prints a line for each: the median over the rounds, with its interval. */
import { setImmediate as turn } from 'node:timers/promises';
import { medianWithInterval } from '../samples/ratios.mjs';

/** The interval of ten rounds leaves out the best and the worst one. */
const ROUNDS = 10;
/** Milliseconds. */
const WARM_UP = 100;
const ROUND = 20;

/**
 * @param {string} title
 * @param {{ what?: string, count: number, bytes?: number }} unit what a task does, how often in one call, and with how many bytes each time
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
      // Work that a task has put off runs now, not in the time of the next task.
      await turn();
    }
  }
  console.log(title);
  for (const { name, times } of runners) {
    const { median, low, high } = medianWithInterval(times);
    const rate = bytes === undefined ? '' : `${(bytes / median).toFixed(2).padStart(8)} GB/s`;
    const spread = `(${digits(low)}–${digits(high)})`;
    console.log(
      `  ${name.padEnd(36)}${digits(median).padStart(8)} ns per ${what} ${spread.padEnd(18)}${rate}`.trimEnd(),
    );
  }
}

/** Counts how often a task can be called in the given milliseconds. */
function callsWithin(task, ms) {
  const start = performance.now();
  let calls = 0;
  for (; performance.now() - start < ms; calls++) task();
  return calls;
}

function digits(ns) {
  return ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
}
