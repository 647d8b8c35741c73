/**
 * Loads `node:tls` when it is needed: loading it takes a sixth of the time of an import (bench: import).
 */

/** Returns the module `node:tls`. */
export function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
