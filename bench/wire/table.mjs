/** Renders what a message costs as tables in Markdown. */
import { medianWithInterval } from '../samples/ratios.mjs';

/**
 * @typedef {object} Counts of one client in one exchange; each list has a number for each round
 * @property {string} client
 * @property {string} exchange
 * @property {(number | undefined)[]} reads per message
 * @property {(number | undefined)[]} writes per message
 * @property {{ name: string, perMessage: number }[] | undefined} calls all system calls, if strace counted them
 * @property {(number | undefined)[]} heapBytes per message; undefined if garbage was collected meanwhile
 * @property {(number | undefined)[]} outsideBytes per message, outside of the heap
 * @property {(number | undefined)[]} scavenges per million messages
 */

/**
 * @param {readonly Counts[]} rows
 * @param {readonly string[]} exchanges in the order of the columns
 */
export function renderCounts(rows, exchanges) {
  return [
    '**System calls per message**: reads, writes, and all that strace counted',
    '',
    ...tableOf(rows, exchanges, ['reads', 'writes', 'all'], (row) => [
      spread(row.reads),
      spread(row.writes),
      row.calls === undefined ? '–' : callsText(row.calls),
    ]),
    '',
    '**Memory per message**, and scavenges per million messages',
    '',
    ...tableOf(rows, exchanges, ['heap', 'outside', 'scavenges'], (row) => [
      bytesText(row.heapBytes),
      bytesText(row.outsideBytes),
      spread(row.scavenges),
    ]),
  ].join('\n');
}

/**
 * @param {readonly Counts[]} rows
 * @param {readonly string[]} exchanges
 * @param {readonly string[]} columns of each exchange
 * @param {(row: Counts) => string[]} cellsOf
 */
function tableOf(rows, exchanges, columns, cellsOf) {
  const clients = [...new Set(rows.map(({ client }) => client))];
  const heads = exchanges.flatMap((exchange) => columns.map((column) => `${exchange}: ${column}`));
  return [
    `| | ${heads.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(heads.length)}`,
    ...clients.map((client) => {
      const cells = exchanges.flatMap((exchange) => {
        const row = rows.find((each) => each.client === client && each.exchange === exchange);
        return row ? cellsOf(row) : columns.map(() => '–');
      });
      return `| ${client} | ${cells.join(' | ')} |`;
    }),
  ];
}

/** @param {readonly { name: string, perMessage: number }[]} calls */
function callsText(calls) {
  const sum = calls.reduce((total, { perMessage }) => total + perMessage, 0);
  const parts = calls.map(({ name, perMessage }) => `${name} ${countText(perMessage)}`);
  return `${countText(sum)} (${parts.join(', ')})`;
}

/** @param {readonly (number | undefined)[]} values of bytes */
function bytesText(values) {
  const text = spread(values);
  return text === '–' ? text : `${text} B`;
}

/**
 * The median of the rounds, and its interval if the two differ.
 *
 * @param {readonly (number | undefined)[]} values
 */
function spread(values) {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return '–';
  const { median, low, high } = medianWithInterval(known);
  const [from, to] = [countText(low), countText(high)];
  return from === to ? countText(median) : `${countText(median)} (${from}–${to})`;
}

/** @param {number} value */
function countText(value) {
  if (Math.abs(value) < 0.005) return '0';
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
