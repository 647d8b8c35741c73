/**
 * Calls that wait for the same signal share one listener: Node.js warns of a leak when a signal has more than ten.
 */

interface Waits {
  readonly aborts: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waits>();

/**
 * Calls `abort` when the signal aborts. If it has aborted already, `abort` is never called.
 *
 * @returns a function that ends the wait
 */
export function onceAborted(signal: AbortSignal, abort: () => void): () => void {
  const { aborts, listener } = waiting.get(signal) ?? listen(signal);
  aborts.add(abort);
  return () => {
    // The listener must go with the last wait: a signal that has one is never garbage collected.
    if (aborts.delete(abort) && aborts.size === 0) {
      waiting.delete(signal);
      signal.removeEventListener('abort', listener);
    }
  };
}

function listen(signal: AbortSignal): Waits {
  const aborts = new Set<() => void>();
  const listener = (): void => {
    waiting.delete(signal);
    for (const abort of aborts) abort();
  };
  const waits = { aborts, listener };
  waiting.set(signal, waits);
  signal.addEventListener('abort', listener, { once: true });
  return waits;
}
