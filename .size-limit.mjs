// Budgets in bytes as they stand on disk: nothing is bundled or compressed on the way to Node.js.
import { readFileSync } from 'node:fs';
import { loadedFiles } from './scripts/loaded-files.mjs';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

function entry(name, limit) {
  const path = loadedFiles(exports[name].default);
  return { name: `import '${name.replace('.', 'wirespeed')}'`, path, limit, brotli: false };
}

export default [
  entry('.', '230 kB'),
  entry('./sync', '230 kB'),
  entry('./events', '230 kB'),
  entry('./server', '230 kB'),
  { name: 'the wasm kernel', path: 'dist/kernels/wasm-binary.js', limit: '700 B', brotli: false },
  { name: 'dist', path: 'dist/**/*.{js,d.ts}', limit: '520 kB', brotli: false },
];
