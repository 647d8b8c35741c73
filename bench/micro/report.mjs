/** Runs tasks with tinybench and prints a line for each: the median, and its spread. */
import { Bench } from 'tinybench';

/**
 * @param {string} title
 * @param {Record<string, () => unknown>} tasks by what they are called
 */
export async function measure(title, tasks) {
  const bench = new Bench({ time: 200, warmupTime: 50 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  console.log(title);
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed')
      throw result.error ?? new Error(`${name} did not run: ${result.state}`);
    const { p50, p75, p99 } = result.latency;
    const [median, upper, worst] = [p50, p75, p99].map((ms) => (ms * 1000).toFixed(3));
    console.log(`  ${name.padEnd(36)} ${median} µs (75 %: ${upper}, 99 %: ${worst})`);
  }
}
