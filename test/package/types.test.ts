/**
 * The types of the packed package compile to their last declaration: a sample of the compilers, types of
 * Node.js and ways to resolve modules that `npm run test:types` tries. `npm run test:all` has every way among them.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchPackages } from '../../scripts/fetched-packages.mjs';
import { compile, makeTypeProject, NODE_TYPES, type Way } from '../../scripts/type-matrix.mjs';
import { sample } from '../support/extent.ts';

const OLDEST = { compiler: '5.2.2', nodeTypes: NODE_TYPES[20] };
const NEWEST = { compiler: '7.0.2', nodeTypes: NODE_TYPES[26] };
const SAMPLE: readonly Way[] = [
  { ...NEWEST, resolution: 'nodenext' },
  ...sample<readonly Way[]>(
    [
      { ...NEWEST, resolution: 'bundler' },
      { ...OLDEST, resolution: 'node10' },
      { ...OLDEST, resolution: 'node16' },
    ],
    [],
  ),
];

const fetched = new Map<string, Promise<boolean>>();

/** Fetches a package, once, and tells whether it is here; in CI, where the registry is to be had, it must be. */
function isFetched(name: string): Promise<boolean> {
  const known = fetched.get(name);
  if (known !== undefined) return known;
  const fetching = fetchPackages([name]).then(
    () => true,
    (error) => {
      if (process.env.CI) throw error;
      console.log(`skipped: ${name} cannot be had from the npm registry`);
      return false;
    },
  );
  fetched.set(name, fetching);
  return fetching;
}

describe('the types of the packed package', () => {
  let project: string;
  beforeAll(async () => {
    project = await makeTypeProject();
  }, 60_000);
  afterAll(() => rm(project, { recursive: true, force: true }));

  it.for(SAMPLE)(
    'compile under TypeScript $compiler with @types/node $nodeTypes, resolved as by $resolution',
    { timeout: 300_000 },
    async (way, { skip }) => {
      const { compiler, nodeTypes } = way;
      const names = [`typescript@${compiler}`, `@types/node@${nodeTypes}`];
      const areHere = await Promise.all(names.map(isFetched));
      skip(areHere.includes(false), 'the npm registry cannot be reached');
      expect(await compile(project, way)).toEqual([]);
    },
  );
});
