// Runs the fuzz targets on the built package, for a given time:
//   npm run fuzz -- --minutes 10 [--seed 1] [--only name] …
// A target that needs more time than its share gets it. The run prints its progress. A case that fails is
// made small and stored in `corpus/`, and the exit code is 1. `npm test` replays the stored cases.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { keepCase } from './corpus.mjs';
import { differencesMet } from './differential.mjs';
import { failureOf, minimise } from './minimise.mjs';
import { targets } from './targets.mjs';

/** How long one seed is followed, and how long a failure may take to shrink. */
const SLICE = 5000;
const SHRINKING = 60_000;
/** Only the time limits a run. */
const ENDLESS = 2 ** 31 - 1;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string', multiple: true, default: [] },
  },
});

function readNumber(name) {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number > 0) return number;
  throw new RangeError(`--${name} must be a number above 0, not '${values[name]}'`);
}

function chosenTargets() {
  const names = targets.map(({ name }) => name);
  for (const name of values.only) {
    if (!names.includes(name)) {
      throw new RangeError(`--only: no target '${name}'; there are ${names.join(', ')}`);
    }
  }
  return values.only.length === 0
    ? targets
    : targets.filter(({ name }) => values.only.includes(name));
}

function property(target) {
  return target.isAsync
    ? fc.asyncProperty(target.arbitrary, target.check)
    : fc.property(target.arbitrary, target.check);
}

/** Follows one seed. Returns how many cases were tried, and the failing one if there was one. */
async function runSlice(target, seed, milliseconds) {
  const details = await fc.check(property(target), {
    seed,
    numRuns: ENDLESS,
    interruptAfterTimeLimit: milliseconds,
    markInterruptAsFailure: false,
    endOnFailure: true,
  });
  // fast-check reports a slice that ends before its first case as failed, but nothing was found.
  if (details.counterexample === null) return { cases: details.numRuns };
  const { numRuns: cases } = details;
  if (target.minimise !== undefined) {
    return { cases, failing: details.counterexample[0], error: details.errorInstance };
  }
  const shrunk = await fc.check(property(target), {
    seed,
    path: details.counterexamplePath,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINKING,
    markInterruptAsFailure: false,
  });
  const { counterexample, errorInstance } = shrunk.failed ? shrunk : details;
  return { cases, failing: counterexample[0], error: errorInstance };
}

/** Runs one target for its time; returns whether nothing failed. */
async function runTarget(target, firstSeed, milliseconds) {
  const start = performance.now();
  let cases = 0;
  const elapsed = () => performance.now() - start;
  for (let seed = firstSeed; elapsed() < milliseconds; seed++) {
    const left = milliseconds - elapsed();
    const result = await runSlice(target, seed, Math.min(SLICE, left));
    cases += result.cases;
    const rate = Math.round((1000 * cases) / elapsed());
    console.log(`${target.name.padEnd(20)} seed ${seed}  ${cases} cases  ${rate}/s`);
    if (result.error !== undefined) {
      const small = await minimise(target, result.failing);
      const error = (await failureOf(target, small)) ?? result.error;
      const file = keepCase(target.name, small, error.message.split('\n')[0]);
      console.log(`${target.name}: FAILED with seed ${seed}: ${error.stack}`);
      console.log(`${JSON.stringify(small)}\nkept in ${file}`);
      return false;
    }
  }
  return true;
}

const chosen = chosenTargets();
const share = (readNumber('minutes') * 60_000) / chosen.length;
const seed = readNumber('seed');
console.log(
  `${chosen.length} targets, ${Math.round(share / 1000)} s each or as much as it needs, from seed ${seed} on`,
);
const failed = [];
for (const target of chosen) {
  console.log(`${target.name}: ${target.about}`);
  const time = Math.max(share, target.leastTime ?? 0);
  if (!(await runTarget(target, seed, time))) failed.push(target.name);
}
for (const [name, times] of differencesMet)
  console.log(`known difference '${name}': ${times} times`);
console.log(failed.length === 0 ? 'nothing found' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
