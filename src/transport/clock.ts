/**
 * The clock, the timers and the ticks of the library. They are bound when this module loads, so that a program's fake
 * timers do not change them: the network does not go by fake time.
 */
import { performance } from 'node:perf_hooks';
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';
import { nodeProcess } from './node-globals.ts';

const { now: readClock } = performance;

export { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };

/** Runs a function in the next tick: after the code that runs now, before any input is read. */
export const nextTick: typeof process.nextTick = nodeProcess.nextTick;

/** Returns the time in milliseconds, with fractions. It never goes back. */
export function now(): number {
  return readClock.call(performance);
}
