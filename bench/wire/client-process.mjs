/**
 * Counts the system calls, allocations and garbage collections of a client while it exchanges messages with a server in
 * another process. Its only argument is its work as JSON, and it answers in a line of JSON.
 */
import { existsSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { CountedExchange } from './counted-exchange.mjs';
import { MARKS, readCalls } from './system-calls.mjs';

/** Milliseconds after which the observer has been called for the last collections. */
const SETTLING = 50;

const { module, options, url, task } = JSON.parse(/** @type {string} */ (process.argv[2]));
const collections = /** @type {{ at: number, isScavenge: boolean }[]} */ ([]);
const observer = new PerformanceObserver((list) => {
  for (const { startTime, detail } of list.getEntries()) {
    const { kind } = /** @type {{ kind: number }} */ (detail);
    const isScavenge = kind === constants.NODE_PERFORMANCE_GC_MINOR;
    collections.push({ at: startTime, isScavenge });
  }
});
observer.observe({ entryTypes: ['gc'] });

const before = { at: 0, calls: readCalls(), heap: getHeapStatistics() };
const after = { ...before };
const exchange = new CountedExchange(
  task,
  () => {
    // After a collection a heap grows by what is allocated, and by nothing else. The second collection frees the memory
    // outside of the heap.
    globalThis.gc?.();
    globalThis.gc?.();
    before.at = performance.now();
    before.heap = getHeapStatistics();
    existsSync(MARKS.begin);
    before.calls = readCalls();
  },
  () => {
    after.calls = readCalls();
    existsSync(MARKS.end);
    after.heap = getHeapStatistics();
    after.at = performance.now();
  },
);
// The system calls that read the counts are subtracted. They are the same each time.
const cost = costOfReading();

const { run } = await import(`../peers/${module}`);
await run(url, exchange, (/** @type {Promise<unknown>} */ closed) => closed, options);
await delay(SETTLING);

const counted = collections.filter(({ at }) => at >= before.at && at <= after.at);
const answer = {
  messages: task.messages,
  reads: after.calls && before.calls && after.calls.reads - before.calls.reads - cost.reads,
  writes: after.calls && before.calls && after.calls.writes - before.calls.writes - cost.writes,
  heapBytes: after.heap.used_heap_size - before.heap.used_heap_size,
  outsideBytes: after.heap.external_memory - before.heap.external_memory,
  scavenges: counted.filter(({ isScavenge }) => isScavenge).length,
  otherCollections: counted.filter(({ isScavenge }) => !isScavenge).length,
};
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));

function costOfReading() {
  const first = readCalls();
  const second = readCalls();
  if (!first || !second) return { reads: 0, writes: 0 };
  return { reads: second.reads - first.reads, writes: second.writes - first.writes };
}
