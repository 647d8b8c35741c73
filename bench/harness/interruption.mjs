/**
 * Handles Ctrl-C and SIGTERM. The first signal ends the child processes, and what was measured until then is shown.
 * The second signal ends the benchmark at once.
 */
import process from 'node:process';
import { killChildren } from './child.mjs';

/** Whether a run was interrupted, and by which signal. */
export class Interruption {
  /** @type {NodeJS.Signals | undefined} */
  by;

  catchSignals() {
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
      process.on(signal, () => {
        if (this.by) process.exit(130);
        this.by = signal;
        killChildren();
      });
    }
    process.stdout.on('error', () => process.exit(1));
  }
}
