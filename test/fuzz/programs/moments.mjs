// The moments of the event loop at which a program may go on.

const MOMENTS = {
  microtask: (run) => queueMicrotask(run),
  tick: (run) => process.nextTick(run),
  immediate: (run) => setImmediate(run),
  timer: (run) => setTimeout(run, 2),
};

/** Runs a function at a later moment. */
export function laterBy(how, run) {
  MOMENTS[how](run);
}

/** Is fulfilled at a later moment. */
export function momentOf(how) {
  return new Promise((resolve) => MOMENTS[how](resolve));
}

/** Makes a signal that aborts at a moment, or has aborted; `undefined` if it never aborts. */
export function signalOf(abort) {
  if (abort === 'never') return undefined;
  if (abort === 'before') return AbortSignal.abort();
  const controller = new AbortController();
  laterBy(abort, () => controller.abort());
  return controller.signal;
}
