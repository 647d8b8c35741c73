/**
 * The process as Node.js itself has it.
 */
import { runInThisContext } from 'node:vm';

/** In Jest the global, and what its modules are given, is a copy: what is changed there Node.js does not see. */
export const nodeProcess: NodeJS.Process = runInThisContext('process') as NodeJS.Process;
