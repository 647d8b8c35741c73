/** Turns rows into text that is at most 110 columns wide. */

export const WIDTH = 110;

/**
 * @typedef {object} Row
 * @property {string} client
 * @property {string} style how the replies are taken: blocking, for await, callback
 * @property {string} [failure] instead of figures
 * @property {number} [median] µs
 * @property {number | undefined} [p99] µs
 * @property {number} [rate] messages per second
 * @property {number} [clientCpu] µs per message
 * @property {number | undefined} [serverCpu] µs per message
 * @property {boolean} [isServerSaturated]
 * @property {boolean} [isReference]
 * @property {{ median: number, low: number, high: number, isDecidable?: boolean, isTie: boolean } | undefined} [ratio]
 */

const NONE = '–';

/** @type {{ head: string, width: number, align: 'left' | 'right' }[]} */
const COLUMNS = [
  { head: 'client', width: 25, align: 'left' },
  { head: 'replies by', width: 11, align: 'left' },
  { head: 'median', width: 10, align: 'right' },
  { head: 'p99', width: 10, align: 'right' },
  { head: 'messages/s', width: 11, align: 'right' },
  { head: 'client', width: 10, align: 'right' },
  { head: 'server ', width: 11, align: 'right' },
];
/** The headings above several columns, aligned with the right edge of those. */
const GROUPS = [
  { text: 'µs per message', width: 56 },
  { text: 'CPU µs per message ', width: 32 },
];
const RATIO_HEAD = 'ratio to ws';

/**
 * Renders one table.
 *
 * @param {string} title
 * @param {readonly Row[]} rows
 * @param {{ bold?: (text: string) => string, dim?: (text: string) => string }} [paint]
 */
export function renderTable(title, rows, { bold = same, dim = same } = {}) {
  const measured = rows.filter((row) => row.failure === undefined);
  const decimals = {
    median: decimalsFor(measured.map((row) => row.median)),
    p99: decimalsFor(measured.map((row) => row.p99)),
    clientCpu: decimalsFor(measured.map((row) => row.clientCpu)),
    serverCpu: decimalsFor(measured.map((row) => row.serverCpu)),
  };
  const lines = [
    bold(title),
    dim(`  ${GROUPS.map(({ text, width }) => text.padStart(width)).join('')}`.trimEnd()),
    dim(
      line(
        COLUMNS.map((column) => column.head),
        RATIO_HEAD,
      ),
    ),
  ];
  for (const row of rows) {
    if (row.failure !== undefined) {
      const start = line([row.client, row.style], '');
      lines.push(clip(`${start.padEnd(39)}${row.failure}`, WIDTH));
      continue;
    }
    // The mark follows its figure, so other figures get a space there.
    const server =
      formatNumber(row.serverCpu, decimals.serverCpu) + (row.isServerSaturated ? '!' : ' ');
    lines.push(
      line(
        [
          row.client,
          row.style,
          formatNumber(row.median, decimals.median),
          formatNumber(row.p99, decimals.p99),
          formatNumber(row.rate, 0),
          formatNumber(row.clientCpu, decimals.clientCpu),
          server,
        ],
        row.isReference ? '1' : formatRatio(row.ratio),
      ),
    );
  }
  return lines.join('\n');
}

/**
 * `3.4× (3.1–3.6)`. A tie shows the interval only, so that nobody quotes a figure.
 *
 * @param {Row['ratio']} ratio
 */
export function formatRatio(ratio) {
  if (!ratio) return NONE;
  const decimals = ratio.median < 2 ? 2 : 1;
  const spread = `(${ratio.low.toFixed(decimals)}–${ratio.high.toFixed(decimals)})`;
  return ratio.isTie ? `≈ ${spread}` : `${ratio.median.toFixed(decimals)}× ${spread}`;
}

/**
 * @param {number | undefined} value
 * @param {number} decimals
 */
export function formatNumber(value, decimals) {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  const [whole, fraction] = value.toFixed(decimals).split('.');
  const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * Decimals that give the smallest figure of a column three digits, so that the points line up.
 *
 * @param {readonly (number | undefined)[]} values
 */
function decimalsFor(values) {
  const smallest = Math.min(...values.filter((value) => value !== undefined).map(Number));
  if (smallest < 10) return 2;
  return smallest < 100 ? 1 : 0;
}

/**
 * Breaks a text between words; following lines are indented.
 *
 * @param {string} text
 * @param {string} [indent]
 */
export function wrap(text, indent = '') {
  const lines = [];
  let current = '';
  for (const word of text.split(' ')) {
    const candidate = current === '' ? word : `${current} ${word}`;
    if (candidate.length > WIDTH && current !== '') {
      lines.push(current);
      current = indent + word;
    } else {
      current = candidate;
    }
  }
  return [...lines, current].join('\n');
}

/**
 * @param {string} text
 * @param {number} width
 */
export function clip(text, width) {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/**
 * @param {readonly string[]} cells
 * @param {string} last
 */
function line(cells, last) {
  const padded = cells.map((text, index) => {
    const column = /** @type {typeof COLUMNS[number]} */ (COLUMNS[index]);
    return column.align === 'left' ? text.padEnd(column.width) : text.padStart(column.width);
  });
  return `  ${padded.join('')}   ${last}`.trimEnd();
}

/** @param {string} text */
function same(text) {
  return text;
}
