/**
 * Loads CommonJS modules in a realm of their own, as Jest does. The realm's `Error`, `Uint32Array` and so
 * on are not those of Node.js, and modules reach each other by `require` only.
 */
import { readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createContext, Script } from 'node:vm';

/** Globals that are not copied: a realm has its own, only the REPL has them, or reading them warns. */
const OWN = new Set([
  'localStorage',
  'sessionStorage',
  ...Object.getOwnPropertyNames(new Script('globalThis').runInContext(createContext())),
  ...builtinModules,
]);

/**
 * Makes a realm.
 *
 * @param {readonly string[]} shared names of the language's globals that it shares with Node.js nevertheless
 * @param {object} more further globals; an entry `process` holds changes to it
 * @returns {{ require: (name: string) => any, run: (source: string) => any }}
 */
export function createRealm(shared = [], more = {}) {
  const globals = { ...more };
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (name in globals || (OWN.has(name) && !shared.includes(name))) continue;
    globals[name] = globalThis[name];
  }
  // Jest makes a copy of `process` too. Node.js does not see changes to the copy.
  globals.process = Object.assign(Object.create(process), more.process, {
    getBuiltinModule: (name) =>
      /^(?:node:)?process$/.test(name) ? globals.process : process.getBuiltinModule(name),
  });
  const context = createContext(globals);
  const modules = new Map();

  function load(file) {
    const known = modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const source = readFileSync(file, 'utf8').replace(/^#!.*/, '');
    const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
    const run = new Script(wrapped, { filename: file }).runInContext(context);
    run(module.exports, requireFrom(file), module, file, dirname(file));
    return module.exports;
  }

  function requireFrom(file) {
    const native = createRequire(file);
    return (name) => (name.startsWith('node:') ? native(name) : load(native.resolve(name)));
  }

  return {
    require: requireFrom(import.meta.filename),
    run: (source) => new Script(source).runInContext(context),
  };
}
