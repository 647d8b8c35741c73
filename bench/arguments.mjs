/** The command line of the benchmark: pure, so that it is tested without running anything. */

const SERVERS = ['wirespeed', 'ws', 'bun'];
const MODES = ['rr', 'pipelined'];

const SMALLEST_SIZE = 8;
const LARGEST_SIZE = 1024 * 1024;

/** A command line that cannot be followed; the message is one line for the user. */
export class UsageError extends Error {
  name = 'UsageError';
}

/**
 * @typedef {object} BenchOptions
 * @property {string[]} peers
 * @property {number[]} sizes bytes
 * @property {string[]} modes
 * @property {number} rounds
 * @property {number} cellTime milliseconds measured per cell and round
 * @property {string} server
 * @property {boolean} sameCore
 * @property {string | undefined} json
 * @property {boolean} help
 */

/**
 * Reads the command line; `peerGroups` maps each accepted peer name to the peers it stands for.
 *
 * @param {readonly string[]} argv
 * @param {ReadonlyMap<string, readonly string[]>} peerGroups
 * @returns {BenchOptions}
 * @throws {UsageError}
 */
export function parseArguments(argv, peerGroups) {
  /** @type {BenchOptions} */
  const options = {
    peers: [...new Set([...peerGroups.values()].flat())],
    sizes: [512, 65_536],
    modes: [...MODES],
    rounds: 5,
    cellTime: 250,
    server: 'wirespeed',
    sameCore: false,
    json: undefined,
    help: false,
  };
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
        wholeNumber('--size', size, SMALLEST_SIZE, LARGEST_SIZE),
      ]);
    },
    '--mode': (value) => {
      options.modes = list('--mode', value, (mode) => [oneOf('--mode', mode, MODES)]);
    },
    '--rounds': (value) => {
      options.rounds = wholeNumber('--rounds', value, 1, 1000);
    },
    '--cell-time': (value) => {
      options.cellTime = wholeNumber('--cell-time', value, 10, 60_000);
    },
    '--server': (value) => {
      options.server = oneOf('--server', value, SERVERS);
    },
    '--json': (value) => {
      options.json = value;
    },
  };
  /** @type {Record<string, () => void>} */
  const withoutValue = {
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
  return options;
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
 */
export function helpText(peerNames) {
  return `Compares WebSocket clients against one echo server, each in a process and on a core of its own.

npm run bench -- [flags]

  --peer a,b       clients to measure, default all:
                   ${peerNames.join(', ')}
  --mode a,b       rr (one message in flight), pipelined (100 in flight); default both
  --size n,m       bytes per message, ${SMALLEST_SIZE} to ${LARGEST_SIZE}; default 512,65536
  --rounds n       interleaved rounds; default 5, and fewer leave every ratio undecided
  --cell-time ms   measured time per client and cell in one round; default 250
  --server name    echo server: ${SERVERS.join(', ')}; default wirespeed
  --same-core      server and client on one core, which takes the scheduler's wake-ups out
  --json file      raw samples as JSON lines, the first one describing the machine
  --help           this text
`;
}
