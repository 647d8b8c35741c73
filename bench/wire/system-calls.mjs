/** System calls, as the system counts them for a process and as strace does. */
import { readFileSync } from 'node:fs';

/** @typedef {{ reads: number, writes: number }} Calls */

/**
 * How often this process has read and written so far, all of its threads together; undefined where the system does not say.
 * What waits (epoll, futex) is not among them.
 *
 * @returns {Calls | undefined}
 */
export function readCalls() {
  try {
    return parseCalls(readFileSync('/proc/self/io', 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} text of /proc/PID/io
 * @returns {Calls}
 */
export function parseCalls(text) {
  const of = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
  return { reads: of('syscr'), writes: of('syscw') };
}

/**
 * How often each system call was made.
 *
 * @param {string} summary of strace -c
 * @returns {Map<string, number>}
 */
export function parseSummary(summary) {
  const counts = new Map();
  // The share of the time, seconds, microseconds a call, calls, and errors where there were any.
  for (const [, calls, name] of summary.matchAll(
    /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$/gm,
  )) {
    if (name !== 'total') counts.set(String(name), Number(calls));
  }
  return counts;
}

/**
 * What so many more messages took of each system call: a process's start and end are in both counts, and in no difference.
 *
 * @param {ReadonlyMap<string, number>} fewer
 * @param {ReadonlyMap<string, number>} more
 * @param {number} messages by which they differ
 * @returns {{ name: string, perMessage: number }[]} most frequent first, without what is rarer than one in a hundred messages
 */
export function callsPerMessage(fewer, more, messages) {
  return [...more]
    .map(([name, count]) => ({ name, perMessage: (count - (fewer.get(name) ?? 0)) / messages }))
    .filter(({ perMessage }) => perMessage >= 0.01)
    .sort((a, b) => b.perMessage - a.perMessage);
}
