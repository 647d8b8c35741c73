// Some cases of every fuzz target that opens no sockets, and all cases that have ever failed. `npm run
// fuzz` runs the targets for long.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptCases } from './corpus.mjs';
import { targets } from './targets.mjs';

/** Enough cases to see that a target works. `npm run fuzz` finds rare faults. */
const CASES = 200;
const TIME = 2000;

const pure = targets.filter(({ usesSockets }) => usesSockets !== true);

describe('of many cases', () => {
  for (const target of pure) {
    it(target.about, async () => {
      await fc.assert(
        fc.asyncProperty(target.arbitrary, async (input) => {
          await target.check(input);
        }),
        { numRuns: CASES, interruptAfterTimeLimit: TIME },
      );
    });
  }
});

describe('what failed once', () => {
  for (const { file, target: name, input } of keptCases()) {
    const target = pure.find((each) => each.name === name);
    if (target !== undefined) {
      it(`does not fail again: ${file}`, async () => {
        await target.check(input);
      });
    }
  }

  it('is kept for targets that there are', () => {
    const names = targets.map(({ name }) => name);
    for (const { target } of keptCases()) expect(names).toContain(target);
  });
});
