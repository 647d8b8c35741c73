/** Makes one script of a few modules, so that a page loads no other file. */
import { readFileSync } from 'node:fs';

const IMPORT = /^import (\{[^}]*\}) from '([^']+)';\n/gm;
const EXPORT = /^export ((?:async )?function|const|class) (\w+)/gm;

/**
 * Joins a module with all that it imports. Each module becomes a scope of its own, after the ones that it imports. It
 * understands imports of names from relative paths and exported declarations, and these modules have nothing else.
 *
 * @param {URL} entry
 */
export function joinModules(entry) {
  /** The variable of each module that has been added. @type {Map<string, string>} */
  const variables = new Map();
  const scopes = /** @type {string[]} */ ([]);
  add(entry);
  return `'use strict';\n${scopes.join('')}`;

  /**
   * @param {URL} url
   * @returns {string} its variable
   */
  function add(url) {
    const known = variables.get(url.href);
    if (known !== undefined) return known;
    const source = readFileSync(url, 'utf8');
    const imports = [...source.matchAll(IMPORT)].map(
      ([, names, path]) => `const ${names} = ${add(new URL(String(path), url))};\n`,
    );
    const exported = [...source.matchAll(EXPORT)].map(([, , name]) => name);
    const code = source
      .replace(IMPORT, '')
      .replace(EXPORT, '$1 $2')
      .replace(/^\s*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm, '')
      .replace(/^\s*\/\/.*\n/gm, '')
      .replace(/\n{2,}/g, '\n');
    const variable = `module${variables.size}`;
    variables.set(url.href, variable);
    scopes.push(
      `const ${variable} = (() => {\n${imports.join('')}${code}return { ${exported.join(', ')} };\n})();\n`,
    );
    return variable;
  }
}
