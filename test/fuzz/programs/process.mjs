// The process under test: runs one case after another, as its parent says.
import { inspect } from 'node:util';
import { Journal } from './journal.mjs';
import { World } from './world.mjs';

const journal = new Journal(process.argv[2]);
let world;
/** Faults that come while no case runs belong to the next. */
let early = [];
/** The connections of finished cases, as far as they are in memory. */
let seen = [];

function noteUncaught(error, kind) {
  if (world === undefined) early.push(`${kind}: ${inspect(error)}`);
  else world.noteUncaught(error, kind);
}
process.on('uncaughtException', (error) => noteUncaught(error, 'uncaughtException'));
process.on('unhandledRejection', (error) => noteUncaught(error, 'unhandledRejection'));
process.on('warning', (warning) => {
  if (world === undefined) early.push(`warning: ${inspect(warning)}`);
  else world.noteWarning(warning);
});

/** What keeps a process alive, besides what the parent is spoken to with. */
function resources() {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !['PipeWrap', 'Pipe', 'FSReqPromise'].includes(name));
}

function turns(count) {
  return new Promise((resolve) => {
    const next = () => (count-- > 0 ? setImmediate(next) : resolve());
    next();
  });
}

/** Waits until nothing is left of a case, for two seconds at most. */
async function settledResources() {
  const until = performance.now() + 2000;
  while (resources().length > 0 && performance.now() < until) await turns(20);
  return resources();
}

/** How many connections of finished cases are still in memory. */
async function leftConnections() {
  for (let i = 0; i < 3; i++) {
    gc();
    await turns(5);
  }
  seen = seen.filter((reference) => reference.deref() !== undefined);
  return seen.length;
}

const ACTIONS = {
  async start({ input }) {
    world = new World(input, journal);
    return { port: await world.start() };
  },
  async run({ ports }) {
    world.run(ports);
  },
  async isQuiet() {
    return world.isQuiet;
  },
  async end({ order }) {
    await world.end(order);
  },
  /** The peers are gone: nothing may be left. */
  async report() {
    const left = await settledResources();
    await turns(3);
    const report = { ...world.report(), left, early };
    for (const ws of world.connections()) seen.push(new WeakRef(ws));
    early = [];
    world = undefined;
    return report;
  },
  async measure() {
    const left = await leftConnections();
    return { left, ...process.memoryUsage() };
  },
};

process.on('message', async ({ number, action, ...given }) => {
  try {
    process.send({ number, result: await ACTIONS[action](given) });
  } catch (error) {
    process.send({ number, failure: inspect(error) });
  }
});
process.on('disconnect', () => process.exit());
