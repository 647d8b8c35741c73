// Builds the package. First it compiles the SIMD kernel to WebAssembly and bundles the worker of the sync client into
// one script; both are embedded in generated modules. Then it compiles TypeScript to dist. Each file has its
// declarations. The code is bundled, so that an import opens only a few files: what several entry points share is in
// chunks, once. Code and declarations are CommonJS, and each entry point has a module for `import` (commonjs.mjs).
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import {
  checkOrder,
  commonJs,
  commonJsDeclarations,
  declarationsOver,
  moduleOver,
} from './commonjs.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);

/** The modules that programs import: a file of src/entries for each subpath of the package. */
const ENTRIES = Object.fromEntries(
  ['index', 'sync', 'events', 'server', 'protocol', 'websocket'].map((name) => [
    `entries/${name}`,
    `src/entries/${name}.ts`,
  ]),
);
/** Doors for the fuzz targets and the micro benchmarks, which are not packed. */
const DOORS = {
  'internal/scalar': 'src/kernels/scalar.ts',
  'internal/node-kernels': 'src/kernels/node.ts',
  'internal/compression': 'src/transport/compression/compression.ts',
};
/** The program that is run and not imported. */
const COMMAND = { 'cli/main': 'src/cli/main.ts' };

/**
 * The chunks. `core` has no `node:` import, since `wirespeed/protocol` consists of it. `transport` must not have the
 * entry point of the server, which the command imports as well: it would take the whole server along. `async` also has
 * the connection with promises, which the server needs. A large part of a single entry point is a chunk as well:
 * Node.js parses the CommonJS module that is imported, to find the names of its exports, so that module should be small.
 */
const CHUNKS = [
  {
    name: 'core',
    test: /src\/(?:(?:errors|http-token|inspection)\.ts|protocol\/|kernels\/(?:kernels|scalar)\.ts)/,
    priority: 2,
  },
  {
    name: 'transport',
    test: /src\/(?!server|entries\/server|connection\/(?:async-connection|receiver))/,
    minShareCount: 2,
    priority: 1,
  },
  { name: 'async', test: /src\/client\/async\.ts/ },
  { name: 'websocket', test: /src\/compat\// },
  { name: 'sync', test: /src\/(?:client\/sync-|blocking\/)/ },
];

const INPUT = {
  cwd: root,
  platform: 'node',
  external: /^node:/,
  tsconfig: 'tsconfig.build.json',
  plugins: [commonJs],
};
const OUTPUT = {
  format: 'esm',
  // Names that may be read before they are set are checked at every use.
  topLevelVar: true,
};

function run(program, args) {
  execFileSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
}

/** Writes a module of src that has one constant text. */
function generate(file, origin, comment, name, value) {
  const lines = [
    `// Generated from ${origin} by scripts/build.mjs.`,
    `/** ${comment} */`,
    `export const ${name}: string =\n  ${JSON.stringify(value)};`,
    '',
  ];
  writeFileSync(join(root, file), lines.join('\n'));
}

function buildKernel() {
  const folder = mkdtempSync(join(tmpdir(), 'wirespeed-kernel-'));
  try {
    const wasm = join(folder, 'mask.wasm');
    run(require.resolve('assemblyscript/bin/asc.js'), [
      'src/kernels/assembly/mask.ts',
      ...['-o', wasm],
      ...['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert'],
      ...['--importMemory', '--initialMemory', '1'],
    ]);
    const base64 = readFileSync(wasm).toString('base64');
    const comment = 'The masking kernel, compiled, in base64.';
    generate(
      'src/kernels/wasm-binary.ts',
      'src/kernels/assembly/mask.ts',
      comment,
      'WASM_BINARY',
      base64,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function buildWorker() {
  const origin = 'src/blocking/worker/socket-worker.ts';
  const build = await rolldown({ ...INPUT, input: origin });
  const { output } = await build.generate({ ...OUTPUT, minify: true });
  await build.close();
  const comment = 'The program of the socket worker.';
  generate('src/blocking/worker/source.ts', origin, comment, 'WORKER_SOURCE', output[0].code);
}

function buildDeclarations() {
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json']);
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(dist, name);
    const made = file.replace(/\.d\.ts$/, '.d.cts');
    renameSync(file, made);
    writeFileSync(made, commonJsDeclarations(readFileSync(made, 'utf8')));
  }
  dropUnreachable(Object.keys(ENTRIES).map((entry) => join(dist, `${entry}.d.cts`)));
  for (const entry of Object.keys(ENTRIES)) {
    writeFileSync(join(dist, `${entry}.d.ts`), declarationsOver(`./${basename(entry)}.cjs`));
  }
}

/** Deletes declarations that no entry point leads to: no program can name what they declare. */
function dropUnreachable(entries) {
  const reached = new Set(entries);
  for (const file of reached) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/\bfrom '(\.[^']+)\.cjs'/g)) {
      reached.add(join(dirname(file), `${path}.d.cts`));
    }
  }
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = join(dist, name);
    if (name.endsWith('.d.cts') && !reached.has(file)) rmSync(file);
  }
}

async function bundle() {
  const build = await rolldown({ ...INPUT, input: { ...ENTRIES, ...DOORS, ...COMMAND } });
  const { output } = await build.write({
    ...OUTPUT,
    dir: 'dist',
    sourcemap: true,
    comments: { annotation: true, jsdoc: false, legal: true },
    entryFileNames: '[name].cjs',
    chunkFileNames: 'shared/[name].cjs',
    codeSplitting: { groups: CHUNKS },
  });
  await build.close();
  const chunks = output.filter(({ type }) => type === 'chunk');
  checkOrder(chunks);
  for (const { name, isEntry, exports } of chunks) {
    if (!isEntry || name in COMMAND) continue;
    const file = join(dist, `${name}.js`);
    writeFileSync(file, moduleOver(`./${basename(name)}.cjs`, exports));
  }
}

buildKernel();
await buildWorker();
if (!process.argv.includes('--kernel-only')) {
  rmSync(dist, { recursive: true, force: true });
  buildDeclarations();
  await bundle();
  chmodSync(join(dist, 'cli/main.cjs'), 0o755);
}
