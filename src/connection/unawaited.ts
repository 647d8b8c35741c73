/**
 * Promises that a program does not always await. Node.js ends a process when such a promise rejects, and a peer must not
 * be able to bring that about.
 */
import { LocalProtocolError } from '../errors.ts';

/** Marks a promise as handled. A program that awaits it still gets its error. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/**
 * Returns a rejected promise. It is marked as handled, unless the error is for a wrong argument: that is the
 * program's own fault, and Node.js reports it even if the program does not await the promise.
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
