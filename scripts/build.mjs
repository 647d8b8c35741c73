// Builds the package: the SIMD kernel to wasm, embedded as base64 in a generated module, then
// TypeScript to dist, one file for one file.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

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

buildKernel();
if (!process.argv.includes('--kernel-only')) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json']);
  chmodSync(join(root, 'dist/cli/main.js'), 0o755);
}
