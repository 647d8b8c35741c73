// Budgets in bytes as they stand on disk: nothing is compressed on the way to Node.js.
import { readFileSync } from 'node:fs';
import { loadedFiles } from './scripts/loaded-files.mjs';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

function entry(name, limit) {
  const path = loadedFiles(exports[name].default);
  return { name: `import '${name.replace('.', 'wirespeed')}'`, path, limit, brotli: false };
}

export default [
  entry('.', '220 kB'),
  entry('./sync', '275 kB'),
  entry('./events', '209 kB'),
  entry('./websocket', '225 kB'),
  entry('./server', '282 kB'),
  { name: 'the wasm kernel', path: 'src/kernels/wasm-binary.ts', limit: '700 B', brotli: false },
  { name: 'dist', path: 'dist/**/*.{js,cjs,d.ts,d.cts}', limit: '526 kB', brotli: false },
];
