// Builds the package: the SIMD kernel to wasm and the worker of the sync face to one script, both
// embedded in generated modules, then TypeScript to dist. Declarations come one for one; code comes
// bundled, so that an import opens a handful of files: what the entry points share lies in chunks of
// its own, once.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** What is loaded by name. */
const ENTRIES = {
  index: 'src/index.ts',
  'client/sync': 'src/client/sync.ts',
  'client/events': 'src/client/events.ts',
  'server/index': 'src/server/index.ts',
  'protocol/index': 'src/protocol/index.ts',
  'cli/main': 'src/cli/main.ts',
  // Doors for the fuzz targets and the micro benchmarks, which are not packed.
  'internal/scalar': 'src/kernels/scalar.ts',
  'internal/node-kernels': 'src/kernels/node.ts',
  'internal/compression': 'src/transport/compression.ts',
};

/** The chunks of what is shared. The first holds no `node:` import: `wirespeed/protocol` is made of it. */
const CHUNKS = [
  {
    name: 'core',
    test: /src\/(?:(?:errors|inspection)\.ts|protocol\/|kernels\/(?:kernels|scalar)\.ts)/,
    priority: 1,
  },
  { name: 'transport', test: /src\//, minShareCount: 3 },
];

const INPUT = {
  cwd: root,
  platform: 'node',
  external: /^node:/,
  tsconfig: 'tsconfig.build.json',
};
// Names that may be read before they are set are checked at every use.
const OUTPUT = { topLevelVar: true };

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
      'assembly/mask.ts',
      ...['-o', wasm],
      ...['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert'],
      ...['--importMemory', '--initialMemory', '1'],
    ]);
    const base64 = readFileSync(wasm).toString('base64');
    const comment = 'The masking kernel, compiled, in base64.';
    generate('src/kernels/wasm-binary.ts', 'assembly/mask.ts', comment, 'WASM_BINARY', base64);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function buildWorker() {
  const origin = 'src/transport/sync/socket-worker.ts';
  const build = await rolldown({ ...INPUT, input: origin });
  const { output } = await build.generate({ ...OUTPUT, format: 'cjs', minify: true });
  await build.close();
  const comment = 'The program of the socket worker.';
  generate('src/transport/sync/worker-source.ts', origin, comment, 'WORKER_SOURCE', output[0].code);
}

async function bundle() {
  const build = await rolldown({ ...INPUT, input: ENTRIES });
  await build.write({
    ...OUTPUT,
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    comments: { annotation: true, jsdoc: false, legal: true },
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    codeSplitting: { groups: CHUNKS },
  });
  await build.close();
}

buildKernel();
await buildWorker();
if (!process.argv.includes('--kernel-only')) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json']);
  await bundle();
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
}
