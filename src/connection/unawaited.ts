/**
 * Promises that nobody may be waiting for. Node.js ends a process in which one is rejected unseen,
 * and what a peer does must not have that power.
 */
import { LocalProtocolError } from '../errors.ts';

/** Marks a promise as handled: who awaits it still gets its error. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/**
 * Returns a promise rejected with an error. It is marked as handled, unless it tells of a wrong argument:
 * that is the program's own fault, and surfaces where nobody awaits it.
 */
export function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  return isOwnFault(error) ? promise : handled(promise);
}

function isOwnFault(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof RangeError || error instanceof LocalProtocolError
  );
}

function ignore(): void {}
