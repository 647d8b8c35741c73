/**
 * `node:tls`, loaded when it is needed only: it makes up a sixth of the time that an import takes.
 */

/** Returns the module. */
export function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
