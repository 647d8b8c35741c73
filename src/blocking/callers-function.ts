/**
 * Functions of the caller that run within a blocking call. All connections of a thread write their frames
 * into the same memory, so such a function must not make another blocking call.
 */
import { ConcurrencyError } from '../errors.ts';

/** The name of the function that is running, if one is. */
let running: string | undefined;

/** Wraps a function of the caller, so that blocking calls are refused while it runs. */
export function refusingCalls<T>(name: string, run: (argument: T) => void): (argument: T) => void {
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
 * @throws ConcurrencyError while a function runs that {@link refusingCalls} has wrapped
 */
export function checkCallAllowed(): void {
  if (running === undefined) return;
  throw new ConcurrencyError(
    `${running} runs within a call of wirespeed/sync, and must make no other one`,
  );
}
