/** Counts system calls, as the system counts them for a process and as strace does. */
import { readFileSync } from 'node:fs';

/** @typedef {{ reads: number, writes: number }} Calls */

/**
 * Returns how often this process has read and written so far, all of its threads together; undefined if the system does
 * not count that. Calls that wait (epoll, futex) are not among them.
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

/** Paths that a traced process looks up, to mark in the trace where the counted part begins and ends. */
export const MARKS = { begin: '/wirespeed-begins-here', end: '/wirespeed-ends-here' };

/**
 * Counts how often each system call was made between the marks, by any thread.
 *
 * @param {string} trace of strace -f
 * @param {number} messages that were exchanged there
 * @returns {{ name: string, perMessage: number }[]} most frequent first, without calls that are rarer than one in a hundred messages
 * @throws {Error} if a mark is missing
 */
export function callsPerMessage(trace, messages) {
  const lines = trace.split('\n');
  const begin = lines.findIndex((line) => line.includes(MARKS.begin));
  const end = lines.findIndex((line) => line.includes(MARKS.end));
  if (begin < 0 || end < begin) throw new Error('the trace has no marks around the counted part');
  const counts = new Map();
  for (const line of lines.slice(begin + 1, end)) {
    // A call that another thread interrupts has two lines, the second of which begins with `<... resumed`.
    const name = /^(?:\d+ +)?([a-z]\w*)\(/.exec(line)?.[1];
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, perMessage: count / messages }))
    .filter(({ perMessage }) => perMessage >= 0.01)
    .sort((a, b) => b.perMessage - a.perMessage);
}
