/**
 * The clock, the timers and the turns that connections go by, bound when this module loads: fake timers are for
 * the program that is tested, and the network goes by none of them.
 */
import { performance } from 'node:perf_hooks';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { nodeProcess } from './node-globals.ts';

const { now: readClock } = performance;

export { clearTimeout, setImmediate, setTimeout };

/** Runs a function after what runs now, before anything comes from outside. */
export const nextTick: typeof process.nextTick = nodeProcess.nextTick;

/** Returns the present time in milliseconds, with fractions; it never goes back. */
export function now(): number {
  return readClock.call(performance);
}
