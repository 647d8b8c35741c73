/** Makes the tasks of client processes: what a client does for a cell, and for how long. */

import { STAMPS } from '../peers/exchange.mjs';
import { LATENCY } from '../peers/paced-exchange.mjs';
import { MODES } from './cells.mjs';

const FIRST_WARM_UP = 500;
const WARM_UP = 200;
const WARM_UP_BYTES = 16 * 1024 * 1024;
const COST_OF_COMPRESSED_BYTE = 32;
/** Most connections that a cell makes one after the other. Each leaves a port that cannot be used for a while. */
const MAX_CONNECTS = 1000;
/** How many times as long an open loop is measured as other cells: the client cannot make it faster. */
const PACED_TIMES_LONGER = 5;
/** Milliseconds that opening a thousand connections may take. */
const OPENING_TIME_PER_THOUSAND = 20_000;
/**
 * How many times the measured time a client may take to get as many samples as wanted. A client that is far slower than
 * the others ends with fewer.
 */
const MAX_TIMES_LONGER = 10;
/** Milliseconds, for tasks without a limit of their own: no cell takes that long. */
const MAX_CELL_TIME = 600_000;
/** Bytes from which on a message takes so long that a cell has fewer samples. */
const LARGE_MESSAGE = 1024 * 1024;
/** Messages that are sent before a process counts as warm. */
const COLD_MESSAGES = 40_000;
/** Most messages and bytes in a batch: a flood answers a request with one, and a reply acknowledges one. */
const MAX_BATCH_MESSAGES = 10_000;
const MAX_BATCH_BYTES = 256 * 1024;

/**
 * @typedef {object} Task
 * @property {string} mode
 * @property {number} size bytes per message
 * @property {string} content binary, ascii, mixed, json or random
 * @property {boolean} isCompressed
 * @property {number} window messages that are sent before any reply
 * @property {number} repliesPerMessage
 * @property {number} messagesPerReply
 * @property {number} perSample messages of one sample: with 1 a sample is a latency, with more it is the mean time per message
 * @property {number} [connections]
 * @property {number} [rate] messages per second, of an open loop
 * @property {number} [discarded] messages at the start of an open loop that do not count
 * @property {number} [counted] messages of an open loop that count, after those
 * @property {boolean} isStamped whether replies begin with the server's times
 * @property {{ time: number, messages: number, limit: number }} warmUp does not count: at least this many ms and messages, but not more ms than the limit
 * @property {{ time: number, samples: number, limit: number, messages: number }} measure at least this many ms and samples, but not more ms than the limit and not more messages
 */

/**
 * Makes the task of a cell of the quick tables. Its sample is one window of messages: replies come in bursts of up to a
 * window, so a smaller sample would time either a burst or the wait for one. The first cell of a process is warmed up for
 * longer, since compilers need some tenths of a second of the same work.
 *
 * @param {import('./cells.mjs').Cell} cell
 * @param {number} cellTime milliseconds to measure
 * @param {boolean} isFirst whether the process has done nothing before
 * @returns {Task}
 */
export function taskFor(cell, cellTime, isFirst) {
  const window = windowOf(cell);
  return {
    ...plainTask(cell),
    perSample: window,
    isStamped: false,
    warmUp: { time: warmUpTime(cellTime, isFirst), messages: 2 * window, limit: MAX_CELL_TIME },
    measure: {
      time: cellTime,
      samples: 20,
      limit: MAX_CELL_TIME,
      messages: window === 1 ? 200_000 : 2_000_000,
    },
  };
}

/**
 * Makes the task of a cell of a plan. Its sample is the latency of one message or, where messages go one way only, the
 * mean over a batch.
 *
 * @param {import('./cells.mjs').Cell} cell
 * @param {number} cellTime milliseconds to measure
 * @param {boolean} isFirst whether the process has done nothing before
 * @param {boolean} isStamping whether the server can stamp its replies
 * @returns {Task}
 */
export function planTaskFor(cell, cellTime, isFirst, isStamping) {
  const limit = MAX_TIMES_LONGER * cellTime;
  const warmUp = {
    time: warmUpTime(cellTime, isFirst),
    messages: warmUpMessages(cell, isFirst),
    limit,
  };
  if (cell.mode === 'receive' || cell.mode === 'send') {
    const batch = Math.min(
      MAX_BATCH_MESSAGES,
      Math.max(1, Math.floor(MAX_BATCH_BYTES / cell.size)),
    );
    const isReceiving = cell.mode === 'receive';
    return {
      ...plainTask(cell),
      window: isReceiving ? windowOf(cell) : windowOf(cell) * batch,
      repliesPerMessage: isReceiving ? batch : 1,
      messagesPerReply: isReceiving ? 1 : batch,
      perSample: batch,
      isStamped: false,
      warmUp,
      measure: { time: cellTime, samples: 20, limit, messages: 5_000_000 },
    };
  }
  if (cell.mode === 'connect' || cell.mode === 'idle') {
    const measure = { time: cellTime, samples: 20, limit, messages: MAX_CONNECTS };
    return { ...plainTask(cell), perSample: 1, isStamped: false, warmUp, measure };
  }
  if (cell.mode === 'cold') return coldTask(cell, limit);
  if (cell.mode === 'paced') return { ...pacedTask(cell, cellTime), warmUp };
  const { connections = 1 } = cell;
  const samples = cell.size >= LARGE_MESSAGE ? 10 : Math.max(100, 2 * connections);
  return {
    ...plainTask(cell),
    perSample: 1,
    isStamped: isStamping && plainTask(cell).content === 'binary' && cell.size >= STAMPS,
    warmUp,
    measure: {
      time: cellTime,
      samples: Math.max(samples, windowOf(cell)),
      limit,
      messages: 200_000,
    },
  };
}

/**
 * Makes the task of a cell that measures a process from its first message on, before its code is compiled.
 *
 * @param {import('./cells.mjs').Cell} cell
 * @param {number} limit
 */
function coldTask(cell, limit) {
  const perSample = windowOf(cell);
  return {
    ...plainTask(cell),
    perSample,
    isStamped: false,
    warmUp: { time: 0, messages: 0, limit: 0 },
    measure: {
      time: 0,
      samples: COLD_MESSAGES / perSample,
      limit: Math.max(limit, 10_000),
      messages: COLD_MESSAGES,
    },
  };
}

/**
 * @param {import('./cells.mjs').Cell} cell
 * @param {number} cellTime
 */
function pacedTask(cell, cellTime) {
  const { rate = 1000 } = cell;
  const time = PACED_TIMES_LONGER * cellTime;
  const messages = Math.ceil((rate * time) / 1000);
  return {
    ...plainTask(cell),
    rate,
    discarded: rate,
    // The client recognizes the message with the latencies by its length, so no other message may be as long.
    counted: messages * LATENCY === cell.size ? messages + 1 : messages,
    perSample: 1,
    isStamped: false,
    measure: { time: time + 1000, samples: 1, limit: MAX_CELL_TIME, messages: 1 },
  };
}

/**
 * Makes what every task has: the cell's properties, and an echo.
 *
 * @param {import('./cells.mjs').Cell} cell
 */
function plainTask(cell) {
  const window = windowOf(cell);
  const { compression, content = compression ?? 'binary', ...rest } = cell;
  const isCompressed = compression !== undefined;
  const echo = { window, repliesPerMessage: 1, messagesPerReply: 1 };
  return { ...rest, content, isCompressed, ...echo };
}

/** @param {import('./cells.mjs').Cell} cell */
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
 * Returns how many messages a warm-up has at least. Compilers need to see that many, even if a busy machine gives the
 * client little processor time.
 *
 * @param {import('./cells.mjs').Cell} cell
 * @param {boolean} isFirst
 */
function warmUpMessages({ mode, size, connections = 1, compression }, isFirst) {
  // Compressing a byte costs as much as sending many.
  const bytes = compression === undefined ? size : COST_OF_COMPRESSED_BYTE * size;
  const least = (isFirst ? 2 : 1) * Math.min(1000, Math.ceil(WARM_UP_BYTES / bytes));
  if (mode === 'rr') return Math.max(least, 2 * connections);
  if (mode === 'pipelined' || mode === 'receive' || mode === 'send') return 10 * least;
  return 2 * (MODES[mode]?.window ?? 1);
}

/**
 * Returns the milliseconds after which a client counts as hanging in a cell. They are many, since the machine may be busy.
 *
 * @param {Task} task
 */
export function timeLimit(task) {
  const large = task.size >= LARGE_MESSAGE || task.isCompressed ? 20_000 : 0;
  const thousands = Math.ceil((task.connections ?? 0) / 1000);
  return (
    8000 +
    large +
    thousands * OPENING_TIME_PER_THOUSAND +
    4 * (task.warmUp.time + task.measure.time)
  );
}
