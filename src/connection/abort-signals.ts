/**
 * Waits of many calls for the same signal. Node.js takes more than ten listeners of one signal for
 * a leak, and warns of it: so there is one, however many calls wait.
 */

interface Waits {
  readonly aborts: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waits>();

/**
 * Calls `abort` when the signal aborts; returns how to wait for that no longer. A signal that has
 * aborted already calls nothing.
 */
export function onceAborted(signal: AbortSignal, abort: () => void): () => void {
  const { aborts, listener } = waiting.get(signal) ?? listen(signal);
  aborts.add(abort);
  return () => {
    // A signal with a listener is never collected as garbage.
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
