/** What a client process is asked to do for a cell, and for how long. */

import { STAMPS } from '../peers/exchange.mjs';
import { LATENCY } from '../peers/paced-exchange.mjs';
import { MODES } from './cells.mjs';

const FIRST_WARM_UP = 500;
const WARM_UP = 200;
const WARM_UP_BYTES = 16 * 1024 * 1024;
const COST_OF_COMPRESSED_BYTE = 32;
/** Connections of a cell that makes one after the other: each leaves a port that cannot be used for a while. */
const MAX_CONNECTS = 1000;
/** So many times as long an open loop is measured: its rate is not for the client to choose. */
const PACED_TIMES_LONGER = 5;
/** Milliseconds that every thousand connections may take to be opened. */
const OPENING_TIME_PER_THOUSAND = 20_000;
/** A client that is far slower than the others keeps a cell for so many times as long, and has fewer samples then. */
const MAX_TIMES_LONGER = 10;
/** Milliseconds that no cell takes. */
const MAX_CELL_TIME = 600_000;
/** Of messages this large fewer samples have to do. */
const LARGE_MESSAGE = 1024 * 1024;
/** Messages, and bytes, that one request is answered with in a flood, or one reply acknowledges. */
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
 * @property {number} perSample messages that make one sample, of their mean time; with 1 it is a message's latency
 * @property {number} [connections]
 * @property {number} [rate] messages per second, of an open loop
 * @property {number} [discarded] of its messages, at the start
 * @property {number} [counted] of its messages, after that
 * @property {boolean} isStamped whether replies begin with the server's times
 * @property {{ time: number, messages: number, limit: number }} warmUp discarded: at least this many ms and messages, but not more ms than the limit
 * @property {{ time: number, samples: number, limit: number, messages: number }} measure ms and samples at least, with the same limit, and messages at most
 */

/**
 * Sets the bounds of one cell whose sample is one window of messages: where replies come in bursts
 * of up to a window, a smaller sample would time either a burst or the wait for it. A process's first
 * cell is warmed up for longer, since compilers need some tenths of a second of the same work.
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
 * Sets the bounds of one cell of a plan: its sample is one message's latency, or where messages go one way
 * only, the mean over a batch.
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
    // By its length the message with the latencies is told from the others.
    counted: messages * LATENCY === cell.size ? messages + 1 : messages,
    perSample: 1,
    isStamped: false,
    measure: { time: time + 1000, samples: 1, limit: MAX_CELL_TIME, messages: 1 },
  };
}

/**
 * What every task has in common: an echo.
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
 * Messages that compilers need to see, however little of the processor a busy machine gives a client in
 * the time of the warm-up.
 *
 * @param {import('./cells.mjs').Cell} cell
 * @param {boolean} isFirst
 */
function warmUpMessages({ mode, size, connections = 1, compression }, isFirst) {
  // A compressed byte costs as much as many others.
  const bytes = compression === undefined ? size : COST_OF_COMPRESSED_BYTE * size;
  const least = (isFirst ? 2 : 1) * Math.min(1000, Math.ceil(WARM_UP_BYTES / bytes));
  if (mode === 'rr') return Math.max(least, 2 * connections);
  if (mode === 'pipelined' || mode === 'receive' || mode === 'send') return 10 * least;
  return 2 * (MODES[mode]?.window ?? 1);
}

/**
 * Milliseconds after which a client is given up in a cell: generous, since the machine may be busy.
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
