/** Reads the command line of the benchmark. It has no side effects, so its tests run nothing. */

import { REFERENCE } from '../peers/catalogue.mjs';
import { MODES } from '../plans/cells.mjs';
import { PLANS } from '../plans/plan.mjs';

const MIN_SIZE = 8;
const MAX_SIZE = 32 * 1024 * 1024;

/** Thrown for a wrong command line. The message is one line for the user. */
export class UsageError extends Error {
  name = 'UsageError';
}

const QUICK = { rounds: 5, cellTime: 250 };

/**
 * @typedef {object} BenchOptions
 * @property {string} plan `quick`, or one of the plans
 * @property {string[] | undefined} peers undefined: those of the plan
 * @property {number[] | undefined} sizes bytes; undefined: those of the plan
 * @property {string[] | undefined} modes undefined: those of the plan
 * @property {string[] | undefined} servers undefined: those of the plan
 * @property {number} rounds
 * @property {number} cellTime milliseconds measured per cell and round
 * @property {boolean} sameCore
 * @property {string | undefined} json
 * @property {string | undefined} resume
 * @property {string | undefined} against samples of an earlier run, for the plan that compares with them
 * @property {boolean} help
 */

/**
 * Reads the command line; `peerGroups` maps each accepted peer name to the peers it stands for.
 *
 * @param {readonly string[]} argv
 * @param {ReadonlyMap<string, readonly string[]>} peerGroups
 * @param {readonly string[]} serverNames
 * @returns {BenchOptions}
 * @throws {UsageError}
 */
export function parseArguments(argv, peerGroups, serverNames) {
  /** @type {Partial<BenchOptions>} */
  const options = {};
  /** @type {Record<string, (value: string) => void>} */
  const withValue = {
    '--peer': (value) => {
      options.peers = list('--peer', value, (name) => {
        const group = peerGroups.get(name);
        if (!group) throw unknown('--peer', name, [...peerGroups.keys()]);
        return group;
      });
    },
    '--size': (value) => {
      options.sizes = list('--size', value, (size) => [
        wholeNumber('--size', size, MIN_SIZE, MAX_SIZE),
      ]);
    },
    '--mode': (value) => {
      options.modes = list('--mode', value, (mode) => [oneOf('--mode', mode, Object.keys(MODES))]);
    },
    '--rounds': (value) => {
      options.rounds = wholeNumber('--rounds', value, 1, 1000);
    },
    '--cell-time': (value) => {
      options.cellTime = wholeNumber('--cell-time', value, 10, 60_000);
    },
    '--server': (value) => {
      options.servers = list('--server', value, (name) => [oneOf('--server', name, serverNames)]);
    },
    '--json': (value) => {
      options.json = value;
    },
    '--resume': (value) => {
      options.resume = value;
    },
    '--against': (value) => {
      options.against = value;
    },
  };
  /** @type {Record<string, () => void>} */
  const withoutValue = {
    ...Object.fromEntries(Object.keys(PLANS).map((name) => [`--${name}`, () => choosePlan(name)])),
    '--same-core': () => {
      options.sameCore = true;
    },
    '--help': () => {
      options.help = true;
    },
    '-h': () => {
      options.help = true;
    },
  };

  for (let index = 0; index < argv.length; index++) {
    const word = /** @type {string} */ (argv[index]);
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    if (Object.hasOwn(withoutValue, name)) {
      if (equals >= 0) throw new UsageError(`${name} takes no value`);
      withoutValue[name]?.();
    } else if (Object.hasOwn(withValue, name)) {
      const value = equals < 0 ? argv[++index] : word.slice(equals + 1);
      if (value === undefined || value === '' || (equals < 0 && value.startsWith('--'))) {
        throw new UsageError(`${name} needs a value`);
      }
      withValue[name]?.(value);
    } else {
      const kind = word.startsWith('-') ? 'flag' : 'argument';
      throw new UsageError(`unknown ${kind} ${name}; --help lists the flags`);
    }
  }
  return complete(options);

  /** @param {string} plan */
  function choosePlan(plan) {
    if (options.plan !== undefined && options.plan !== plan) {
      throw new UsageError(`--${options.plan} and --${plan} exclude each other`);
    }
    options.plan = plan;
  }
}

/**
 * @param {Partial<BenchOptions>} options
 * @returns {BenchOptions}
 */
function complete({ plan = 'quick', ...options }) {
  const others = Object.keys(options).filter((name) => name !== 'resume' && name !== 'help');
  if (options.resume !== undefined && (plan !== 'quick' || others.length > 0)) {
    throw new UsageError('--resume takes its settings from the file: leave the other flags out');
  }
  if (plan === 'guard') checkGuard(options);
  else if (options.against !== undefined) throw new UsageError('--against belongs to --guard');
  const plans = Object.keys(PLANS)
    .map((name) => `--${name}`)
    .join(' or ');
  if (plan === 'quick' && options.modes?.some((mode) => MODES[mode]?.isOfPlans)) {
    throw new UsageError(`--mode takes rr, pipelined, unless ${plans} is given`);
  }
  if (plan === 'quick' && (options.servers?.length ?? 1) > 1) {
    throw new UsageError(`--server takes one name, unless ${plans} is given`);
  }
  const { rounds, cellTime } = PLANS[plan] ?? QUICK;
  return {
    plan,
    peers: undefined,
    sizes: undefined,
    modes: undefined,
    servers: undefined,
    rounds,
    cellTime,
    sameCore: false,
    json: undefined,
    resume: undefined,
    against: undefined,
    help: false,
    ...options,
  };
}

/**
 * Throws for flags by which `--guard` would measure in another way than the earlier run did.
 *
 * @param {Partial<BenchOptions>} options
 */
function checkGuard({ peers, servers, sameCore }) {
  if (servers) throw new UsageError('--guard and --server exclude each other');
  if (sameCore) throw new UsageError('--guard and --same-core exclude each other');
  if (peers && !peers.includes(REFERENCE)) {
    throw new UsageError(`--guard compares ratios to ${REFERENCE}: name it in --peer as well`);
  }
}

/**
 * @template T
 * @param {string} flag
 * @param {string} value
 * @param {(item: string) => readonly T[]} read
 * @returns {T[]} without repetitions
 */
function list(flag, value, read) {
  const items = value.split(',').map((item) => item.trim());
  if (items.includes('')) throw new UsageError(`${flag} has an empty item in "${value}"`);
  return [...new Set(items.flatMap(read))];
}

/**
 * @param {string} flag
 * @param {string} value
 * @param {number} least
 * @param {number} most
 */
function wholeNumber(flag, value, least, most) {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new UsageError(`${flag} takes whole numbers from ${least} to ${most}, not "${value}"`);
  }
  return number;
}

/**
 * @param {string} flag
 * @param {string} value
 * @param {readonly string[]} allowed
 */
function oneOf(flag, value, allowed) {
  if (!allowed.includes(value)) throw unknown(flag, value, allowed);
  return value;
}

/**
 * @param {string} flag
 * @param {string} value
 * @param {readonly string[]} allowed
 */
function unknown(flag, value, allowed) {
  return new UsageError(`${flag} takes ${allowed.join(', ')}; not "${value}"`);
}

/**
 * The text of `--help`.
 *
 * @param {readonly string[]} peerNames
 * @param {readonly string[]} serverNames
 */
export function helpText(peerNames, serverNames) {
  return `Compares WebSocket clients against echo servers, each in a process and on a core of its own.

npm run bench -- [flags]

Without one of the plans --seed to --guard it measures the clients that npm installs, in two sizes; under two minutes.

  --seed           the tables of the reference document, on three servers; about a quarter of an hour. The document
                   is a published comparison of WebSocket clients for Python: websocket-rs, picows, websockets,
                   websocket-client.
  --full           all of --seed, and every other workload: one core, TLS, text, one way, large,
                   many connections, connecting, memory, servers; more than an hour
  --sync           the sync client with each way of blocking I/O, and other blocking clients; about ten minutes
  --targets        the figures that wirespeed wants to reach; about a quarter of an hour
  --guard          compares the speed with that of an earlier run, and fails if a client has lost more than 15 %;
                   under three minutes
  --against file   samples of that earlier run; default the newest committed in bench/results
  --peer a,b       clients to measure:
                   ${peerNames.join(', ')}
  --mode a,b       ${Object.keys(MODES).join(', ')}
  --size n,m       bytes per message, ${MIN_SIZE} to ${MAX_SIZE}
  --rounds n       interleaved rounds; default 5, with --seed 7
  --cell-time ms   measured time per client and cell in one round; default ${QUICK.cellTime}, ${PLANS.seed.cellTime} with --seed
  --server name    ${serverNames.join(', ')};
                   with --seed several, else one, default wirespeed
  --same-core      server and client on one core, so that no reply waits for another core to wake up
  --json file      writes raw samples as JSON lines, the first of which describes the machine
  --resume file    continues an interrupted run with a plan, in the same file; takes no other flag
  --help           this text

npm run bench:setup          installs what npm does not bring: clients and servers in Python, Rust and C
`;
}
