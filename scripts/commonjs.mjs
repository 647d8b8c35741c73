// Turns the ES modules that the compiler and the bundler write into CommonJS.
//
// The package has one copy of its code, which is CommonJS. `require` gets it as it is, also in loaders that have
// nothing else, such as Jest's. `import` gets it through a module that exports it again.
import { parseAst } from 'rolldown/parseAst';

/**
 * A plugin that turns each chunk into CommonJS. It keeps every line where it is, so that source maps stay right.
 *
 * Imported names become variables, since the bundler's own CommonJS would call a getter at each use. Modules of
 * Node.js are not loaded by `require`, since bundlers that make ES modules cannot keep such a call.
 */
export const commonJs = {
  name: 'wirespeed-commonjs',
  renderChunk(code) {
    let made = code;
    // From the end, so that a replacement does not move the statements that are still to come.
    for (const node of parseAst(code).body.reverse()) {
      const statement = commonJsOf(node);
      if (statement !== undefined) {
        made = made.slice(0, node.start) + statement + made.slice(node.end);
      }
    }
    const [hashbang] = /^(?:#!.*\n)?/.exec(made);
    const prelude = TEXT_CODING.test(code)
      ? `'use strict'; ${WITH_TEXT_CODING} `
      : `'use strict'; `;
    return { code: hashbang + prelude + made.slice(hashbang.length), map: null };
  },
};

const TEXT_CODING = /\bText(?:De|En)coder\b/;
/** Jest's environment for browsers, jsdom, has neither; other engines have no modules of Node.js. */
const WITH_TEXT_CODING =
  'var { TextDecoder, TextEncoder } = globalThis.TextDecoder ? globalThis : process.getBuiltinModule("node:util");';

/** Returns the CommonJS of an import or export; undefined for any other statement. */
function commonJsOf({ type, source, specifiers, declaration }) {
  if (type === 'ImportDeclaration') {
    // The default of a module of Node.js is the module itself.
    const isWhole = ({ type: kind }) => kind === 'ImportDefaultSpecifier';
    const whole = specifiers.filter(isWhole).map(({ local }) => local.name);
    const names = specifiers
      .filter((specifier) => !isWhole(specifier))
      .map(({ imported, local }) => pair(imported.name, local.name));
    const taken = names.length === 0 ? [] : [`{ ${names.join(', ')} }`];
    const loaded = load(source.value);
    return [...whole, ...taken].map((name) => `var ${name} = ${loaded};`).join(' ');
  }
  if (type === 'ExportNamedDeclaration' && source === null && declaration === null) {
    return specifiers
      .map(({ local, exported }) => `exports.${exported.name} = ${local.name};`)
      .join(' ');
  }
  if (/^(?:Import|Export)/.test(type)) throw new Error(`a chunk has an unforeseen ${type}`);
  return undefined;
}

function pair(key, name) {
  return key === name ? name : `${key}: ${name}`;
}

function load(source) {
  const argument = JSON.stringify(source);
  return source.startsWith('node:')
    ? `process.getBuiltinModule(${argument})`
    : `require(${argument})`;
}

/**
 * Throws if chunks import each other. A chunk copies what it imports, and could then copy the exports of an unfinished
 * one.
 *
 * @param chunks what the bundler has written
 */
export function checkOrder(chunks) {
  const importsOf = new Map(chunks.map(({ fileName, imports }) => [fileName, imports]));
  const visit = (name, path) => {
    if (path.includes(name)) throw new Error(`chunks import each other: ${path.join(' → ')}`);
    for (const next of importsOf.get(name) ?? []) visit(next, [...path, name]);
  };
  for (const name of importsOf.keys()) visit(name, []);
}

/** Returns an ES module that exports what a CommonJS module does. */
export function moduleOver(file, names) {
  return `import entry from ${JSON.stringify(file)};\nexport const { ${names.join(', ')} } = entry;\n`;
}

/**
 * Turns declarations into those of a CommonJS module, which imports other CommonJS modules. In compilers before 5.7
 * `Uint8Array` and `Buffer` have no type parameter, so these types are named by the functions that return them.
 */
export function commonJsDeclarations(text) {
  return text
    .replace(/(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g, '$1$2.cjs$1')
    .replace(/\bUint8Array<ArrayBuffer>/g, 'ReturnType<typeof Uint8Array.of>')
    .replace(/\bBuffer<ArrayBuffer>/g, 'ReturnType<typeof Buffer.allocUnsafeSlow>');
}

/** Returns the declarations of an ES module that exports what a CommonJS module does. */
export function declarationsOver(file) {
  return `/** What require gets as well. @packageDocumentation */\nexport * from '${file}';\n`;
}
