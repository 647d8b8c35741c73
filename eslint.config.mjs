// Only the rules that need types, and what Biome has no rule for: everything else is Biome's (biome.json).
import { parser, plugin } from 'typescript-eslint';

export default [
  {
    ignores: [
      'coverage/**',
      'dist/**',
      'src/kernels/assembly/**',
      'src/kernels/wasm-binary.ts',
      'src/blocking/worker/source.ts',
      'test/package/fixtures/**',
    ],
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts'],
    languageOptions: {
      parser,
      parserOptions: { project: 'tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportNamedDeclaration > VariableDeclaration[kind!="const"]',
          message:
            'The chunks of dist copy what is exported (scripts/commonjs.mjs): it must not change.',
        },
      ],
    },
  },
];
