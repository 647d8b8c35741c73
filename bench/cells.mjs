/** What is measured, and for how long: the cells of the tables, and how the tables name it. */

const WINDOWS = /** @type {Record<string, number>} */ ({ rr: 1, pipelined: 100 });

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
  return Object.keys(WINDOWS)
    .filter((mode) => modes.includes(mode))
    .flatMap((mode) => [...sizes].sort((a, b) => a - b).map((size) => ({ mode, size })));
}

/**
 * Sets the bounds of one cell. A sample is one window of messages: where replies come in bursts
 * of up to a window, a smaller sample would time either a burst or the wait for it. A process's first
 * cell is warmed up for longer, since compilers need some tenths of a second of the same work.
 *
 * @param {Cell} cell
 * @param {number} cellTime milliseconds to measure
 * @param {boolean} isFirst whether the process has done nothing before
 * @returns {Task}
 */
export function taskFor(cell, cellTime, isFirst) {
  const window = WINDOWS[cell.mode] ?? 1;
  const warmUp = isFirst ? Math.min(500, 2 * cellTime) : Math.min(200, cellTime);
  return {
    mode: cell.mode,
    size: cell.size,
    window,
    warmUp: { time: warmUp, messages: 2 * window },
    measure: { time: cellTime, samples: 20, messages: window === 1 ? 200_000 : 2_000_000 },
  };
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
  return `${cell.mode === 'rr' ? 'Request-response' : 'Pipelined'}, ${formatSize(cell.size)}`;
}

/** @param {number} size */
function formatSize(size) {
  if (size >= 1024 * 1024 && size % (1024 * 1024) === 0) return `${size / (1024 * 1024)} MiB`;
  return size >= 1024 && size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
