/**
 * The package in a realm that is not Node.js's own, loaded by nothing but `require`: as in Jest, whose
 * environment `node` shares the types of bytes with Node.js and `jsdom` does not.
 */
import { describe, expect, it } from 'vitest';
import { type Outcome, runProgram } from '../support/run-program.ts';

const ENTRIES = ['', '/sync', '/events', '/server', '/protocol'].map((path) => `wirespeed${path}`);

const REALMS: Readonly<Record<string, readonly string[]>> = {
  "that has Node.js's types of bytes": ['ArrayBuffer', 'Uint8Array'],
  'that has types of its own': [],
};

/** Runs the body of an asynchronous function within a realm; `require` there leads to the package. */
async function runIn(realm: string, source: string): Promise<Outcome> {
  const outcome = await runProgram(`
    import { createRealm } from './test/support/realm.mjs';
    const realm = createRealm(${JSON.stringify(REALMS[realm])});
    const run = realm.run(${JSON.stringify(`(async (require, console) => {${source}\n})`)});
    await run(realm.require, console);`);
  expect(outcome.stderr).toBe('');
  return outcome;
}

describe.each(Object.keys(REALMS))('in a realm %s', (realm) => {
  it('every entry point can be required', async () => {
    const { lines } = await runIn(
      realm,
      `for (const name of ${JSON.stringify(ENTRIES)}) {
        console.log(name, Object.keys(require(name)).length > 5);
      }`,
    );
    expect(lines).toEqual(ENTRIES.map((name) => `${name} true`));
  });
});
