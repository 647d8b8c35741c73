/**
 * Globals of the context that Node.js started in. Under Jest the global `process` is a copy, and Node.js does not see
 * what is changed there; other globals are missing.
 */
import { runInThisContext } from 'node:vm';

/** The process, as Node.js itself uses it. */
export const nodeProcess: NodeJS.Process = runInThisContext('process') as NodeJS.Process;

/** Copies a value as it is copied for another thread; throws if it cannot be. */
export const cloneValue: typeof structuredClone = runInThisContext(
  'structuredClone',
) as typeof structuredClone;
