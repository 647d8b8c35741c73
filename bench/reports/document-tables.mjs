/** The tables of the reference document, with its figures beside those measured here. */
import { formatSize } from '../plans/cells.mjs';
import { isMeasured, slownessOf } from './measured.mjs';
import { DOCUMENT_SCALING, DOCUMENT_TABLES, OUR_CLIENTS } from './reference-document.mjs';
import { millisText, ratioText } from './wording.mjs';

/** The section whose figures are shown beside the document's. */
export const SECTION = 'main';

/**
 * @typedef {object} DocumentLine one client of one table
 * @property {string} name as the document has it, or a client of Wirespeed
 * @property {import('./measured.mjs').Row | undefined} row
 * @property {number} [claimedRtt] ms
 * @property {number} [claimedFactor] times the table's best
 * @property {string} ratio measured, to the best of the document's clients
 * @property {number | undefined} factor the same as a number
 * @property {boolean} isOurs
 */

/**
 * The lines of one table, fastest first.
 *
 * @param {import('./measured.mjs').Measured} measured
 * @param {import('./reference-document.mjs').DocumentTable} table
 * @returns {DocumentLine[]}
 */
export function documentLines(measured, { mode, size, rows }) {
  const rowOf = (/** @type {string} */ peer) => measured.row(SECTION, { mode, size }, peer);
  const claimedBest = Math.min(...rows.map(({ rtt }) => rtt));
  const named = [
    ...rows.map(({ name, peer, rtt }) => ({
      name,
      row: rowOf(peer),
      claimedRtt: rtt,
      claimedFactor: rtt / claimedBest,
      isOurs: false,
    })),
    ...OUR_CLIENTS.map((peer) => ({
      name: measured.peer(peer).label,
      row: rowOf(peer),
      isOurs: true,
    })),
  ];
  const time = (/** @type {{ row?: import('./measured.mjs').Row | undefined }} */ line) =>
    line.row?.summary?.median ?? Number.POSITIVE_INFINITY;
  const sorted = named.sort((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
  const best = sorted.find(({ row, isOurs }) => row && isMeasured(row) && !isOurs)?.row;
  return sorted.map((line) => {
    const ratio = slownessOf(line.row, best);
    return {
      ...line,
      ratio: line.row === best ? '1' : ratioText(ratio),
      factor: ratio?.median,
    };
  });
}

/** @param {import('./measured.mjs').Measured} measured */
export function renderDocumentTables(measured) {
  const tables = DOCUMENT_TABLES.map((table) =>
    [
      `**${table.title}**, in milliseconds`,
      '',
      '| client | Send (C→S) | Receive (S→C) | RTT | vs best | RTT in the document | vs best in the document |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
      ...documentLines(measured, table).map(renderLine),
    ].join('\n'),
  );
  return [noteOf(measured), ...tables].join('\n\n');
}

/** @param {import('./measured.mjs').Measured} measured */
function noteOf(measured) {
  return (
    `Medians on ${measured.serverLabel(SECTION)}, with the same window of 100 for every client where the table is pipelined. ` +
    "“vs best” compares with the fastest of the document's own clients, so a client of Wirespeed below 1 is faster than all of them; ≈ is a tie."
  );
}

/**
 * Whether a run has figures to show beside the document's.
 *
 * @param {import('./measured.mjs').Measured} measured
 */
export function hasDocumentClients(measured) {
  return DOCUMENT_TABLES.some(({ mode, size, rows }) =>
    rows.some(({ peer }) => measured.row(SECTION, { mode, size }, peer)?.summary),
  );
}

/** @param {DocumentLine} line */
function renderLine({ name, row, claimedRtt, claimedFactor, ratio, isOurs }) {
  const { send, receive, median } = row?.summary ?? {};
  const claimed =
    claimedRtt === undefined ? ['', ''] : [claimedRtt.toFixed(3), `${claimedFactor?.toFixed(1)}×`];
  const label = isOurs ? `**${name}**` : name;
  const figures = row?.summary
    ? [millisText(send), millisText(receive), millisText(median), ratio]
    : [row?.failure ?? 'not part of this run', '', '', ''];
  return `| ${[label, ...figures, ...claimed].join(' | ')} |`;
}

/**
 * The columns of a table by size: the document's clients, then those of Wirespeed.
 *
 * @param {import('./measured.mjs').Measured} measured
 * @param {import('./reference-document.mjs').DocumentScaling} scaling
 * @returns {{ name: string, isOurs: boolean, medians: (number | undefined)[], claimed: number[] | undefined }[]}
 */
export function documentColumns(measured, { mode, sizes, columns }) {
  const medians = (/** @type {string} */ peer) =>
    sizes.map((size) => measured.row(SECTION, { mode, size }, peer)?.summary?.median);
  return [
    ...columns.map(({ name, peer, rtts }) => ({
      name,
      isOurs: false,
      medians: medians(peer),
      claimed: rtts,
    })),
    ...OUR_CLIENTS.map((peer) => ({
      name: measured.peer(peer).label,
      isOurs: true,
      medians: medians(peer),
      claimed: undefined,
    })),
  ];
}

/** @param {import('./measured.mjs').Measured} measured */
export function renderDocumentScaling(measured) {
  return DOCUMENT_SCALING.map((scaling) => {
    const columns = documentColumns(measured, scaling);
    return [
      `**${scaling.title}**: RTT in milliseconds, and the document's in parentheses`,
      '',
      `| | ${columns.map(({ name }) => name).join(' | ')} |`,
      `| --- |${' ---: |'.repeat(columns.length)}`,
      ...scaling.sizes.map((size, index) => {
        const cells = columns.map(({ medians, claimed }) => {
          const text = millisText(medians[index]);
          return claimed ? `${text} (${claimed[index]?.toFixed(3)})` : text;
        });
        return `| ${formatSize(size)} | ${cells.join(' | ')} |`;
      }),
    ].join('\n');
  }).join('\n\n');
}
