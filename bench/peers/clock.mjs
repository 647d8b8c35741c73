/** Reads the machine's monotonic clock, under Node.js, Bun and Deno. Server and client share this clock. */
import process from 'node:process';

const TRIES = 20;

/**
 * Returns the nanoseconds of CLOCK_MONOTONIC at which `performance.now()` was 0. It reads both clocks a few times, and takes
 * the pair of readings that are closest together: an interruption can only move two readings apart.
 */
export async function monotonicOrigin() {
  const read = await monotonicReader();
  let origin = 0;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const before = performance.now();
    const monotonic = read();
    const after = performance.now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    origin = monotonic - ((before + after) / 2) * 1e6;
  }
  return origin;
}

/** @returns {Promise<() => number>} */
async function monotonicReader() {
  const { Bun: bun, Deno: deno } = /** @type {any} */ (globalThis);
  // Their process.hrtime counts from the start of the process, so the system's clock is read directly.
  if (bun) return readerOfBun(await import('bun:ffi'));
  return deno ? readerOfDeno(deno) : () => Number(process.hrtime.bigint());
}

/** @param {any} ffi */
function readerOfBun({ dlopen, ptr }) {
  const { symbols } = dlopen(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6', {
    clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
  });
  const time = new BigInt64Array(2);
  return () => {
    symbols.clock_gettime(clockId(), ptr(time));
    return nanosecondsOf(time);
  };
}

/** @param {any} deno */
function readerOfDeno(deno) {
  const { symbols } = deno.dlopen(deno.build.os === 'darwin' ? 'libSystem.dylib' : 'libc.so.6', {
    clock_gettime: { parameters: ['i32', 'buffer'], result: 'i32' },
  });
  const time = new BigInt64Array(2);
  return () => {
    symbols.clock_gettime(clockId(), time);
    return nanosecondsOf(time);
  };
}

/** The number of CLOCK_MONOTONIC. */
function clockId() {
  return process.platform === 'darwin' ? 6 : 1;
}

/** @param {BigInt64Array} time seconds and nanoseconds */
function nanosecondsOf(time) {
  return Number(time[0]) * 1e9 + Number(time[1]);
}
