/**
 * The process as Node.js itself has it: in Jest the global of that name is a copy, and what is changed in it
 * changes nothing for Node.js.
 */
export const nodeProcess: NodeJS.Process = process.getBuiltinModule('node:process');
