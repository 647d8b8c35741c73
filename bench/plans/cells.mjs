/** The cells of the tables, and how the tables name them. */

/**
 * The modes that `--mode` takes, in the order of the tables. `window` is the number of messages sent before any reply.
 *
 * @type {Record<string, { title: string, window: number, isOfPlans?: boolean }>}
 */
export const MODES = {
  rr: { title: 'Request-response', window: 1 },
  pipelined: { title: 'Pipelined', window: 100 },
  burst: { title: 'All at once', window: 1000, isOfPlans: true },
  receive: { title: 'Receiving only', window: 2, isOfPlans: true },
  send: { title: 'Sending only', window: 2, isOfPlans: true },
  connect: { title: 'Connecting, one message, closing', window: 1, isOfPlans: true },
  idle: { title: 'Idle connections', window: 1, isOfPlans: true },
  paced: { title: 'Paced by the server', window: 1, isOfPlans: true },
  import: { title: 'Importing', window: 1, isOfPlans: true },
  start: { title: 'From nothing to the first reply', window: 1, isOfPlans: true },
  cold: { title: 'The first 40,000 messages, pipelined', window: 100, isOfPlans: true },
};

/**
 * How many idle connections are opened to measure their memory. An engine's heap grows in steps: V8's young generation
 * grows by up to 16 MiB at once. With fewer connections such a step would be most of what is measured. Over TLS a
 * connection takes far more memory, so fewer of them are enough.
 */
export const IDLE_CONNECTIONS = { plain: 4000, tls: 1000 };

/** How the tables name messages that are not binary. */
const CONTENTS = /** @type {Record<string, string>} */ ({
  binary: '',
  ascii: ' of ASCII text',
  mixed: ' of text in many scripts',
});

/**
 * @typedef {object} Cell one table: every peer has a row in it
 * @property {string} mode
 * @property {number} size bytes per message
 * @property {'ascii' | 'mixed'} [content] text instead of binary messages
 * @property {number} [connections] at once, instead of one
 * @property {number} [rate] messages per second, of an open loop
 * @property {string} [compression] the kind of payload that is compressed
 */

/**
 * Lists the cells: request-response before pipelined, small before large.
 *
 * @param {readonly string[]} modes
 * @param {readonly number[]} sizes
 * @param {Partial<Cell>} [rest] what all of them share
 * @returns {Cell[]}
 */
export function listCells(modes, sizes, rest) {
  return Object.keys(MODES)
    .filter((mode) => modes.includes(mode))
    .flatMap((mode) => [...sizes].sort((a, b) => a - b).map((size) => ({ mode, size, ...rest })));
}

/** @param {Cell} cell */
export function cellTitle(cell) {
  return [modeTitle(cell.mode), cellDetails(cell)].filter((text) => text !== '').join(', ');
}

/** @param {string} mode */
export function modeTitle(mode) {
  return MODES[mode]?.title ?? mode;
}

/**
 * Names what differs between the cells of one mode.
 *
 * @param {Cell} cell
 */
export function cellDetails({ size, content = 'binary', connections, rate, compression }) {
  return [
    size === 0 ? '' : `${formatSize(size)}${CONTENTS[content]}`,
    connections === undefined ? '' : `${connections} connections`,
    rate === undefined ? '' : `${rate} messages/s`,
    compression === undefined ? '' : `compressed ${compression}`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** @param {number} size bytes */
export function formatSize(size) {
  if (size >= 1024 * 1024 && size % (1024 * 1024) === 0) return `${size / (1024 * 1024)} MiB`;
  return size >= 1024 && size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
