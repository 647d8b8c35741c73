// Builds the package: the SIMD kernel to wasm, embedded as base64 in a generated module, then
// TypeScript to dist. Declarations come one for one; code comes bundled, so that an import opens a
// handful of files: what the entry points share lies in chunks of its own, once.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** What is loaded by name: the entry points, and the worker of the sync face beside that face. */
const ENTRIES = {
  index: 'src/index.ts',
  'client/sync': 'src/client/sync.ts',
  'client/socket-worker': 'src/transport/sync/socket-worker.ts',
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

function run(program, args) {
  execFileSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
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
    const module = [
      '// Generated from assembly/mask.ts by scripts/build.mjs.',
      '/** The masking kernel, compiled, in base64. */',
      `export const WASM_BINARY =\n  '${base64}';`,
      '',
    ].join('\n');
    writeFileSync(join(root, 'src/kernels/wasm-binary.ts'), module);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bundle() {
  const build = await rolldown({
    cwd: root,
    input: ENTRIES,
    platform: 'node',
    external: /^node:/,
    tsconfig: 'tsconfig.build.json',
  });
  await build.write({
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    comments: { annotation: true, jsdoc: false, legal: true },
    // Names that may be read before they are set are checked at every use.
    topLevelVar: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
    codeSplitting: { groups: CHUNKS },
  });
  await build.close();
}

buildKernel();
if (!process.argv.includes('--kernel-only')) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json']);
  await bundle();
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
}
