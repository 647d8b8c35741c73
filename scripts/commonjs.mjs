// Makes CommonJS of what the compiler and the bundler write as ES modules.
//
// The code of the package is CommonJS, and there is one copy of it: `require` gets it as it is, also from
// loaders that know nothing else (Jest's), and `import` gets it through a module that exports it again.
import { parseAst } from 'rolldown/parseAst';

/**
 * A plugin that makes CommonJS of each chunk, line by line so that source maps stay right.
 *
 * Names imported become variables: the bundler's own CommonJS would call a getter at each use. Modules of
 * Node.js are not required: bundlers that make ES modules cannot keep such a call.
 */
export const commonJs = {
  name: 'wirespeed-commonjs',
  renderChunk(code) {
    let made = code;
    // From the end, so that what is before stays where it is.
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

/** Returns what takes the place of an import or export; nothing for any other statement. */
function commonJsOf({ type, source, specifiers, declaration }) {
  if (type === 'ImportDeclaration') {
    const names = specifiers.map(({ imported, local }) => pair(imported.name, local.name));
    return `var { ${names.join(', ')} } = ${load(source.value)};`;
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
 * Throws where chunks need each other: of what an unfinished one exports, copies would be made.
 *
 * @param chunks what the bundler has written
 */
export function checkOrder(chunks) {
  const importsOf = new Map(chunks.map(({ fileName, imports }) => [fileName, imports]));
  const visit = (name, path) => {
    if (path.includes(name)) throw new Error(`chunks need each other: ${path.join(' → ')}`);
    for (const next of importsOf.get(name) ?? []) visit(next, [...path, name]);
  };
  for (const name of importsOf.keys()) visit(name, []);
}

/** Returns an ES module that exports what a CommonJS module does. */
export function moduleOver(file, names) {
  return `import entry from ${JSON.stringify(file)};\nexport const { ${names.join(', ')} } = entry;\n`;
}

/**
 * Makes declarations of a CommonJS module, for its neighbours of the same kind. Compilers before 5.7 do not know
 * that types of bytes have a parameter: what such a type is made by leads to the same in all.
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
