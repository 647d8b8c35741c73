import { defineConfig } from 'vitest/config';

/** Tests without sockets, clocks or sleeping: they must be fast. */
const CORE = [
  'test/protocol/**/*.test.ts',
  'test/kernels/**/*.test.ts',
  'test/entries/**/*.test.ts',
  'test/fuzz/{protocol,targets}.test.ts',
];
/** Tests against other implementations of WebSocket. */
const INTEROP = ['test/interop/**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'core', include: CORE, testTimeout: 20_000 },
      },
      {
        // Everything that opens sockets, starts workers or runs the built package.
        extends: true,
        test: {
          name: 'faces',
          include: ['test/**/*.test.ts'],
          exclude: [...CORE, ...INTEROP],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        // The sync face once more, in the way that platforms without descriptors of sockets need.
        extends: true,
        test: {
          name: 'worker-io',
          include: ['test/contract/**/*.test.ts'],
          env: { WIRESPEED_SYNC_IO: 'worker', WIRESPEED_TEST_FACES: 'sync' },
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: { name: 'interop', include: INTEROP, testTimeout: 30_000, hookTimeout: 30_000 },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/protocol/**/*.ts', 'src/kernels/**/*.ts'],
      exclude: ['src/kernels/wasm-binary.ts', 'src/kernels/assembly/**'],
      reporter: ['text', 'html'],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
  },
});
