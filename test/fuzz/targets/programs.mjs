// Random programs of handlers, hooks and clients, against good and hostile peers.
import { programs as arbitrary } from '../programs/generator.mjs';
import { judge } from '../programs/judge.mjs';
import { reduce } from '../programs/reduce.mjs';
import { journalOf, measureProcess, replaceProcess, runPrograms } from '../programs/watcher.mjs';

/** How many cases run between two checks of the memory. */
const MEASURED = 25;
/** Most connections in memory after their cases: the engine keeps the ones that it used last. */
const MAX_LEFT = 2;
let count = 0;

async function checkMemory() {
  const { left } = await measureProcess();
  if (left <= MAX_LEFT) return;
  replaceProcess();
  throw new Error(`${left} connections of finished cases are still in memory`);
}

/** Runs a case; returns its faults. */
async function faultsOf(input) {
  const outcome = await runPrograms(input);
  const faults = judge(input, outcome);
  if (faults.length > 0) replaceProcess();
  return faults;
}

async function check(input) {
  const faults = await faultsOf(input);
  if (faults.length > 0) {
    const links = [...new Set(faults.map(({ end }) => Number.parseInt(end, 10)))];
    const list = faults.map(({ end, text }) => `${end}: ${text}`);
    throw new Error(`${list.join('\n')}\nwhat happened:\n${journalOf(links)}`);
  }
  if (++count % MEASURED === 0) await checkMemory();
}

/** The kind of a fault: its text without numbers. */
function kindOf({ text }) {
  return text.split('\n')[0].replaceAll(/\d+/g, 'N');
}

/** Makes a case smaller as long as it has the same fault. */
async function minimise(input) {
  const [first] = await faultsOf(input);
  if (first === undefined) return input;
  const kind = kindOf(first);
  return reduce(input, async (candidate) => {
    const faults = await faultsOf(candidate);
    return faults.some((fault) => kindOf(fault) === kind);
  });
}

export const programs = {
  name: 'programs',
  about:
    'whatever handlers, hooks and clients do, against whatever peers: the process lives, others keep their service, and nothing accepted is lost without a word',
  arbitrary,
  isAsync: true,
  usesSockets: true,
  leastTime: 60_000,
  check,
  minimise,
};
