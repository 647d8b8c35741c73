/** What is measured, and for how long: the cells of the tables, and how the tables name it. */
import { STAMPS } from './peers/exchange.mjs';

/** The modes that `--mode` takes, in the order of the tables. */
export const MODES =
  /** @type {Record<string, { title: string, window: number, isOfPlans?: boolean }>} */ ({
    rr: { title: 'Request-response', window: 1 },
    pipelined: { title: 'Pipelined', window: 100 },
    burst: { title: 'All at once', window: 1000, isOfPlans: true },
  });

const FIRST_WARM_UP = 500;
const WARM_UP = 200;

/**
 * @typedef {object} Cell one table: every peer has a row in it
 * @property {string} mode
 * @property {number} size bytes per message
 */

/**
 * @typedef {object} Task what a client process is asked to do for one cell
 * @property {string} mode
 * @property {number} size bytes per message
 * @property {number} window messages in flight
 * @property {number} perSample messages that make one sample, of their mean time; with 1 it is a message's latency
 * @property {boolean} isStamped whether replies begin with the server's times
 * @property {{ time: number, messages: number }} warmUp discarded: at least this many ms and messages
 * @property {{ time: number, samples: number, messages: number }} measure ms and samples at least, messages at most
 */

/**
 * Lists the cells: request-response before pipelined, small before large.
 *
 * @param {readonly string[]} modes
 * @param {readonly number[]} sizes
 * @returns {Cell[]}
 */
export function listCells(modes, sizes) {
  return Object.keys(MODES)
    .filter((mode) => modes.includes(mode))
    .flatMap((mode) => [...sizes].sort((a, b) => a - b).map((size) => ({ mode, size })));
}

/**
 * Sets the bounds of one cell whose sample is one window of messages: where replies come in bursts
 * of up to a window, a smaller sample would time either a burst or the wait for it. A process's first
 * cell is warmed up for longer, since compilers need some tenths of a second of the same work.
 *
 * @param {Cell} cell
 * @param {number} cellTime milliseconds to measure
 * @param {boolean} isFirst whether the process has done nothing before
 * @returns {Task}
 */
export function taskFor(cell, cellTime, isFirst) {
  const window = windowOf(cell);
  return {
    ...cell,
    window,
    perSample: window,
    isStamped: false,
    warmUp: { time: warmUpTime(cellTime, isFirst), messages: 2 * window },
    measure: { time: cellTime, samples: 20, messages: window === 1 ? 200_000 : 2_000_000 },
  };
}

/**
 * Sets the bounds of one cell whose sample is one message's latency.
 *
 * @param {Cell} cell
 * @param {number} cellTime milliseconds to measure
 * @param {boolean} isFirst whether the process has done nothing before
 * @param {boolean} isStamped
 * @returns {Task}
 */
export function latencyTaskFor(cell, cellTime, isFirst, isStamped) {
  const window = windowOf(cell);
  return {
    ...cell,
    window,
    perSample: 1,
    isStamped: isStamped && cell.size >= STAMPS,
    warmUp: { time: warmUpTime(cellTime, isFirst), messages: 2 * window },
    measure: { time: cellTime, samples: Math.max(100, window), messages: 200_000 },
  };
}

/** @param {Cell} cell */
function windowOf(cell) {
  return MODES[cell.mode]?.window ?? 1;
}

/**
 * @param {number} cellTime
 * @param {boolean} isFirst
 */
function warmUpTime(cellTime, isFirst) {
  return isFirst ? Math.min(FIRST_WARM_UP, 4 * cellTime) : Math.min(WARM_UP, cellTime);
}

/**
 * Milliseconds after which a client is given up in a cell: generous, since the machine may be busy.
 *
 * @param {Task} task
 */
export function timeLimit(task) {
  return 8000 + 4 * (task.warmUp.time + task.measure.time);
}

/** @param {Cell} cell */
export function cellTitle(cell) {
  return `${MODES[cell.mode]?.title}, ${formatSize(cell.size)}`;
}

/** @param {number} size bytes */
function formatSize(size) {
  if (size >= 1024 * 1024 && size % (1024 * 1024) === 0) return `${size / (1024 * 1024)} MiB`;
  return size >= 1024 && size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
