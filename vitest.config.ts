import { defineConfig } from 'vitest/config';

/** Tests without sockets, clocks or sleeping: they must be fast. */
const CORE = [
  'test/entries/**/*.test.ts',
  'test/protocol/**/*.test.ts',
  'test/kernels/**/*.test.ts',
  'test/fuzz/{protocol,targets}.test.ts',
];
/** The suite of all clients. */
const CONTRACT = ['test/contract/**/*.test.ts'];
/** Tests of the server and of parts of the library, which leave nothing behind in their process. */
const PARTS = [
  'test/*.test.ts',
  'test/{autobahn,blocking,compat,connection,dial,server,transport}/**/*.test.ts',
];
/** Tests against other implementations of WebSocket. */
const INTEROP = ['test/interop/**/*.test.ts'];

/** Files that share a process: a new one takes longer than most of them. */
const TOGETHER = { isolate: false };
const SLOW = { testTimeout: 30_000, hookTimeout: 30_000 };

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: { name: 'core', include: CORE, testTimeout: 20_000, ...TOGETHER },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: CONTRACT,
          sequence: { groupOrder: 1 },
          ...TOGETHER,
          ...SLOW,
        },
      },
      {
        // The sync client once more, in the way that platforms without descriptors of sockets need.
        extends: true,
        test: {
          name: 'worker-io',
          include: CONTRACT,
          env: { WIRESPEED_SYNC_IO: 'worker', WIRESPEED_TEST_FACES: 'sync' },
          sequence: { groupOrder: 2 },
          ...TOGETHER,
          ...SLOW,
        },
      },
      {
        extends: true,
        test: {
          name: 'parts',
          include: PARTS,
          sequence: { groupOrder: 3 },
          ...TOGETHER,
          ...SLOW,
        },
      },
      {
        // Everything else, each file in a process of its own: what it measures, changes or breaks is its own.
        extends: true,
        test: {
          name: 'faces',
          include: ['test/**/*.test.ts'],
          exclude: [...CORE, ...CONTRACT, ...PARTS, ...INTEROP],
          sequence: { groupOrder: 4 },
          ...SLOW,
        },
      },
      {
        extends: true,
        test: { name: 'interop', include: INTEROP, ...SLOW },
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
