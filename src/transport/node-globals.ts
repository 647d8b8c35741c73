/**
 * Globals as Node.js itself has them, from the context that it began in: in Jest the global process, and what
 * its modules are given, is a copy, and what is changed there Node.js does not see; other globals are missing.
 */
import { runInThisContext } from 'node:vm';

/** The process. */
export const nodeProcess: NodeJS.Process = runInThisContext('process') as NodeJS.Process;

/** Copies a value as another thread would be given it, and throws if none can be. */
export const cloneValue: typeof structuredClone = runInThisContext(
  'structuredClone',
) as typeof structuredClone;
