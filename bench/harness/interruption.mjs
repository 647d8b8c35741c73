/** Ctrl-C and its like: the first ends the children and lets what was measured be shown, the second ends everything. */
import process from 'node:process';
import { killChildren } from './child.mjs';

/** Whether a run was interrupted, and by what. */
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
