/**
 * Functions of the caller's that are called within a blocking call. All connections of a thread share the memory
 * that frames are written in: nothing else may be written meanwhile.
 */
import { ConcurrencyError } from '../errors.ts';

/** The function that runs, if one does. */
let running: string | undefined;

/** Makes a function during which no blocking call can be made. */
export function alone<T>(name: string, run: (argument: T) => void): (argument: T) => void {
  return (argument) => {
    running = name;
    try {
      run(argument);
    } finally {
      running = undefined;
    }
  };
}

/**
 * Checks that a blocking call may be made now.
 *
 * @throws ConcurrencyError within a function of the caller's that runs alone
 */
export function checkAlone(): void {
  if (running === undefined) return;
  throw new ConcurrencyError(
    `${running} runs within a call of wirespeed/sync, and must make no other one`,
  );
}
