// The process under test. It runs one case after another, as its parent asks.
import { inspect } from 'node:util';
import { Journal } from './journal.mjs';
import { World } from './world.mjs';

const journal = new Journal(process.argv[2]);
let world;
/** Faults while no case runs are reported with the next case. */
let early = [];
/** The connections of finished cases that are still in memory. */
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

/** The resources that keep the process alive, without the channel to the parent. */
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

/** Waits until no resource of a case is left, for two seconds at most. */
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
  /** The peers are gone, so no resource may be left. */
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
