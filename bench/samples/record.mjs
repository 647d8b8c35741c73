/**
 * The samples file of `--seed`, `--full` and the other plans: JSON lines. Each line is an object, whose `type` says what
 * it is.
 *
 * - `machine`, the first line: everything that `describeMachine` returns (`cpu`, `cores`, `memory`, `system`,
 *   `loadAverage`, `date`, `commit`, `isModified`, `flags`, `versions`), and what was planned: `options` (the flags as
 *   understood; `options.plan` names the plan), `pinning` (of server and clients that do not share a core), `peers` and
 *   `servers` (each with `name`, `label`, `version`, and if it is not installed `missing` and `hint`; a peer also with
 *   `style`, `language` and `isFloor`; a server also with `isStamping` and `isNeutral`), and `sections`.
 * - A section is some clients in some cells on one server: `name`, `title`, `server`, `peers` (names, in the
 *   order of the table), `cells`, and what holds for all of it: `isTls`, `isCompressed`, `isSameCore`.
 * - A cell is a table: `mode` and `size` (bytes of a payload); and where it is not one connection with binary
 *   messages, `content` (`ascii`, `mixed`: text), `connections`, `rate` (messages per second, of an open loop) or
 *   `compression` (`json`, `random`: the payload that is compressed).
 * - `cell`, each other line: what one client did in one cell of one round. See `CellRecord`. If `--resume` has run a cell
 *   again, its last line counts.
 * - `resumed`: the lines that follow are of a later run with `--resume`. It has the same fields as `machine`.
 *
 * All times are microseconds.
 */

/** Buckets per doubling of a histogram: each is half a per cent wide. */
export const BUCKETS_PER_OCTAVE = 128;
/** Most raw samples in a line, taken evenly over the measured part. The histogram counts all samples. */
const MAX_RAW_SAMPLES = 100;

/**
 * @typedef {object} CellRecord
 * @property {'cell'} type
 * @property {string} section
 * @property {string} server
 * @property {string} peer
 * @property {string} mode
 * @property {number} size bytes
 * @property {string} [content] this and the next three as the cell has them
 * @property {number} [connections]
 * @property {number} [rate]
 * @property {string} [compression]
 * @property {number} round counted from 1
 * @property {string} [failure] instead of all that follows
 * @property {boolean} [isHang] whether it failed by running out of time
 * @property {[number, number][]} [histogram] buckets and counts of all samples; the cell's mode says what a sample is
 * @property {number[]} [times] the raw samples
 * @property {number[]} [sends] their times from client to server, if the server stamps its replies
 * @property {number[]} [receives] their times from server to client
 * @property {number} [messages] in the measured part
 * @property {number} [elapsed]
 * @property {number} [clientUser] CPU time of the client in user mode, all of its threads
 * @property {number} [clientSystem] the same, in the kernel
 * @property {number} [serverCpu] CPU time of the server, both modes, in whole clock ticks of the system: only sums over rounds are precise
 * @property {number} [serverSystem] how much of it in the kernel
 * @property {number} [bytesPerConnection] resident memory of the client, or of the server in the section `idle-servers`: such a cell has no times
 */

/**
 * @param {Omit<CellRecord, 'type'>} place section, server, peer, cell and round
 * @param {import('../harness/client-process.mjs').Outcome} outcome
 * @param {number} ticks clock ticks per second
 * @param {boolean} [isOfServer] whether what is measured is the server
 * @returns {CellRecord}
 */
export function recordOf(place, { result, failure, isHang }, ticks, isOfServer = false) {
  if (!result) {
    const reason = failure ?? 'failed without saying why';
    return { type: 'cell', ...place, failure: reason, isHang };
  }
  const { times, sends, receives, serverTicks, bytesPerConnection, ...rest } = result;
  const { serverBytesPerConnection, ...totals } = rest;
  return {
    type: 'cell',
    ...place,
    ...totals,
    bytesPerConnection: isOfServer ? serverBytesPerConnection : bytesPerConnection,
    serverCpu: serverTicks && ((serverTicks.user + serverTicks.system) / ticks) * 1e6,
    serverSystem: serverTicks && (serverTicks.system / ticks) * 1e6,
    histogram: histogramOf(times),
    times: keptOf(times),
    sends: sends && keptOf(sends),
    receives: receives && keptOf(receives),
  };
}

/**
 * @param {readonly number[]} times µs
 * @returns {[number, number][]} ascending
 */
export function histogramOf(times) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const time of times) {
    const bucket = bucketOf(time);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** @param {number} time µs; what is under a nanosecond counts as one */
export function bucketOf(time) {
  return Math.round(Math.log2(Math.max(time, 0.001)) * BUCKETS_PER_OCTAVE);
}

/**
 * The time in the middle of a bucket.
 *
 * @param {number} bucket
 */
export function timeOf(bucket) {
  return 2 ** (bucket / BUCKETS_PER_OCTAVE);
}

/** @param {readonly number[]} values */
function keptOf(values) {
  const count = Math.min(MAX_RAW_SAMPLES, values.length);
  return Array.from({ length: count }, (_, i) => {
    const value = Number(values[Math.floor((i * values.length) / count)]);
    return Number(value.toPrecision(5));
  });
}
