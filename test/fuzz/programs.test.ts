// A few seconds of random programs: handlers, hooks and clients against good and hostile peers. `npm
// run fuzz` runs them for a minute and longer.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { sample } from '../support/extent.ts';
import { keptCases } from './corpus.mjs';
import { targets } from './targets.mjs';

/** Milliseconds of new cases; a case takes some hundreds. */
const TIME = sample(5000, 2000);

const programs = targets.filter(({ usesSockets }) => usesSockets === true);

describe('of a few cases', () => {
  for (const target of programs) {
    it(target.about, async () => {
      await fc.assert(
        fc.asyncProperty(target.arbitrary, async (input) => {
          await target.check(input);
        }),
        { interruptAfterTimeLimit: TIME, endOnFailure: true },
      );
    });
  }
});

it('runs again what failed once, and it does not fail again', async () => {
  for (const { target: name, input } of keptCases()) {
    await programs.find((target) => target.name === name)?.check(input);
  }
});
