/** The clients of one cell on one logarithmic axis, the fastest first: median, rounds, the whole distribution. */
import { judgeRatios } from '../../samples/ratios.mjs';
import { factorText, ratioText, tickText, timeText } from '../wording.mjs';
import { logScale, logTicks } from './axis.mjs';
import { failedRow, kindOf, nameOf } from './clients.mjs';
import { element, percent, svgElement, tip } from './dom.mjs';

const RIDGE = { width: 1000, height: 40 };
const NARROW = 600;

/**
 * @typedef {object} RankingContext
 * @property {readonly any[]} peers
 * @property {number} barsPerOctave
 * @property {number} baseline index of the peer that the others are compared with; −1 is the fastest
 * @property {(row: any) => HTMLElement} openRow makes what a row shows when it is opened
 */

/**
 * @param {HTMLElement} list
 * @param {readonly any[]} rows
 * @param {RankingContext} context
 */
export function renderRanking(list, rows, context) {
  const { peers, barsPerOctave } = context;
  const measured = rows.filter((row) => row.median !== undefined);
  const failed = rows.filter((row) => row.median === undefined);
  const failures = failed.map((row) => failedRow(peers[row.peer], row));
  if (measured.length === 0) return list.replaceChildren(...failures);
  const low = Math.min(...measured.map((row) => startOf(row, barsPerOctave)));
  const high = Math.max(...measured.map((row) => row.p99 ?? row.median)) * 1.1;
  const scale = logScale(low, high);
  const ticks = logTicks(low, high, list.clientWidth < NARROW ? 4 : 9);
  list.style.setProperty('--grid', gridOf(ticks.map(scale)));
  const baseline =
    measured.find((row) => row.peer === context.baseline) ??
    measured.find((row) => !peers[row.peer].isFloor) ??
    measured[0];
  const head = element(
    'div',
    { class: 'row axis', 'aria-hidden': 'true' },
    element('span', { class: 'who' }),
    element(
      'span',
      { class: 'track' },
      ...ticks.map((tick) =>
        element('i', { style: `left:${percent(scale(tick))}` }, tickText(tick)),
      ),
    ),
    element('span', { class: 'median' }, 'median'),
    element(
      'span',
      { class: 'factor' },
      context.baseline < 0 ? 'of the fastest' : `of ${peers[baseline.peer].label}`,
    ),
  );
  const drawn = measured.map((row) => rankedRow(row, { ...context, scale, row: baseline }));
  list.replaceChildren(head, ...drawn, ...failures);
}

/**
 * @param {any} row
 * @param {RankingContext & { scale: (value: number) => number, row: any }} context `row` is the one to compare with
 */
function rankedRow(row, { peers, barsPerOctave, scale, openRow, row: baseline }) {
  const peer = peers[row.peer];
  const ratio = row === baseline ? undefined : ratioOf(row, baseline);
  const at = (/** @type {number} */ value) => percent(Math.max(0, Math.min(1, scale(value))));
  const mark = (/** @type {string} */ kind, /** @type {number} */ value) =>
    element('i', { class: kind, style: `left:${at(value)}` });
  const [from, to] = row.interval ?? [row.median, row.median];
  const summary = element(
    'summary',
    {},
    nameOf(peer, row),
    element(
      'span',
      { class: 'track' },
      ridge(row, scale, barsPerOctave),
      ...row.rounds.map((/** @type {any} */ [round, median]) =>
        mark(row.outliers?.includes(round) ? 'round stands-out' : 'round', median),
      ),
      element('i', { class: 'interval', style: `left:${at(from)};right:calc(100% - ${at(to)})` }),
      mark('at-median', row.median),
      row.p99 && mark('at-p99', row.p99),
      row.p999 && mark(scale(row.p999) > 1 ? 'at-p999 beyond' : 'at-p999', row.p999),
    ),
    element('span', { class: 'median' }, timeText(row.median)),
    element(
      'span',
      { class: ratio?.isTie ? 'factor tie' : 'factor' },
      row === baseline ? '1' : factorOf(ratio),
    ),
  );
  tip(summary, () => [
    `${peer.label} ${peer.version ?? ''}`,
    `median ${timeText(row.median)}${row.interval ? ` (${timeText(from)} to ${timeText(to)})` : ''}`,
    `p99 ${timeText(row.p99)}, p99.9 ${timeText(row.p999)}`,
    ratio ? `${ratioText(ratio)} of ${peers[baseline.peer].label}` : '',
    `${row.count} samples in ${row.rounds.length} rounds`,
  ]);
  const details = element('details', { class: `row client ${kindOf(peer)}` }, summary);
  details.addEventListener('toggle', () => {
    if (details.childElementCount === 1) details.append(openRow(row));
  });
  return details;
}

/**
 * Draws the distribution as a shape. Its heights are roots of counts, so that rare samples can be seen.
 *
 * @param {any} row
 * @param {(value: number) => number} scale
 * @param {number} barsPerOctave
 */
function ridge({ bars }, scale, barsPerOctave) {
  const { width, height } = RIDGE;
  const [first, ...counts] = bars;
  const most = Math.max(...counts);
  const x = (/** @type {number} */ bar) => (width * scale(2 ** (bar / barsPerOctave))).toFixed(1);
  const y = (/** @type {number} */ count) =>
    (height - (height - 2) * Math.sqrt(count / most)).toFixed(1);
  const top = counts.map(
    (/** @type {number} */ count, /** @type {number} */ index) => `${x(first + index)},${y(count)}`,
  );
  const d = `M${x(first - 1)},${height}L${top.join('L')}L${x(first + counts.length)},${height}Z`;
  return svgElement(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svgElement('path', { d }),
  );
}

/**
 * Returns where a row's distribution begins, without the lowest half per cent of its samples.
 *
 * @param {any} row
 * @param {number} barsPerOctave
 */
function startOf({ bars, median, count }, barsPerOctave) {
  const [first, ...counts] = bars;
  let seen = 0;
  const skipped = counts.findIndex((inBar) => {
    seen += inBar;
    return seen > count / 200;
  });
  return Math.min(median, 2 ** ((first + skipped - 1) / barsPerOctave));
}

/**
 * @param {any} row
 * @param {any} baseline
 */
function ratioOf(row, baseline) {
  const others = new Map(
    baseline.rounds.map((/** @type {any} */ [round, median]) => [round, median]),
  );
  return judgeRatios(
    row.rounds
      .filter((/** @type {any} */ [round]) => others.has(round))
      .map((/** @type {any} */ [round, median]) => median / others.get(round)),
  );
}

/** @param {import('../../samples/ratios.mjs').Ratio | undefined} ratio */
function factorOf(ratio) {
  if (!ratio) return '–';
  return ratio.isTie ? '≈' : `${factorText(ratio.median)}×`;
}

/** @param {readonly number[]} places from 0 to 1 */
function gridOf(places) {
  const line = 'linear-gradient(var(--hairline),var(--hairline))';
  return places.map((place) => `${line} ${percent(place)} 0/1px 100% no-repeat`).join(',');
}
