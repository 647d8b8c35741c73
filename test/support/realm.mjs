/**
 * Loads CommonJS modules within a realm of their own, as Jest does: its `Error`, `Uint32Array` and so on are
 * not those of Node.js, and nothing but `require` leads from one module to another.
 */
import { readFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createContext, Script } from 'node:vm';

/** Names of globals that a realm has of itself, that only the REPL and `--eval` have, or that warn when they are read. */
const OWN = new Set([
  'localStorage',
  'sessionStorage',
  ...Object.getOwnPropertyNames(new Script('globalThis').runInContext(createContext())),
  ...builtinModules,
]);

/**
 * Makes a realm.
 *
 * @param {readonly string[]} shared names of globals of the language that it shares with Node.js all the same
 * @param {object} more globals that it has besides; of `process`, what is changed
 * @returns {{ require: (name: string) => any, run: (source: string) => any }}
 */
export function createRealm(shared = [], more = {}) {
  const globals = { ...more };
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (name in globals || (OWN.has(name) && !shared.includes(name))) continue;
    globals[name] = globalThis[name];
  }
  // A copy, as Jest's: what is changed in it Node.js does not see.
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
