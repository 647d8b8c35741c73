/** Draws latency by percentile: a line per client, over an axis with 50 %, 90 %, 99 % and 99.9 % at equal distances. */

import { tickText, timeText } from '../wording.mjs';
import { logScale, logTicks, spreadLabels } from './axis.mjs';
import { kindOf } from './clients.mjs';
import { svgElement } from './dom.mjs';

const HEIGHT = 520;
const TOP = 12;
const BOTTOM = 28;
const LEFT = 52;
const LABELS = 156;
const SHARES = [0.5, 0.9, 0.99, 0.999];
/** Most lines that get a name: more names would cover each other. */
const MAX_NAMED_LINES = 12;

/**
 * @param {HTMLElement} box
 * @param {any[]} rows measured, the fastest first
 * @param {any} data
 */
export function renderPercentiles(box, rows, data) {
  const width = Math.max(300, box.clientWidth);
  const lines = rows.map((row) => ({
    row,
    peer: data.peers[row.peer],
    points: pointsOf(row, data.barsPerOctave),
  }));
  const drawn = lines.filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return box.replaceChildren();
  const times = drawn.flatMap(({ points }) => points.map(([, time]) => time));
  const [low, high] = [Math.min(...times) * 0.95, Math.max(...times) * 1.05];
  const scale = logScale(low, high);
  const right = width - LABELS;
  const x = (/** @type {number} */ share) => LEFT + (nines(share) / nines(0.999)) * (right - LEFT);
  const y = (/** @type {number} */ time) => HEIGHT - BOTTOM - scale(time) * (HEIGHT - TOP - BOTTOM);
  const svg = svgElement('svg', {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    width,
    height: HEIGHT,
    role: 'img',
  });
  svg.append(svgElement('title', {}, 'Latency by percentile'));
  for (const tick of logTicks(low, high, 7)) {
    svg.append(
      svgElement('path', { class: 'grid', d: `M${LEFT},${y(tick)}H${right}` }),
      svgElement(
        'text',
        { class: 'tick', x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' },
        tickText(tick),
      ),
    );
  }
  for (const share of SHARES) {
    svg.append(
      svgElement(
        'text',
        {
          class: 'tick',
          x: x(share),
          y: HEIGHT - 8,
          'text-anchor': share === 0.5 ? 'start' : 'middle',
        },
        `${share * 100} %`,
      ),
    );
  }
  // Ours last, so that they lie on top.
  const ordered = [...drawn].sort((a, b) => Number(a.peer.isOurs) - Number(b.peer.isOurs));
  for (const { peer, points, row } of ordered) {
    const d = `M${points.map(([share, time]) => `${x(share).toFixed(1)},${y(time).toFixed(1)}`).join('L')}`;
    const group = svgElement('g', { class: kindOf(peer), tabindex: 0 });
    group.append(
      svgElement(
        'title',
        {},
        `${peer.label}: median ${timeText(row.median)}, p99 ${timeText(row.p99)}, p99.9 ${timeText(row.p999)}`,
      ),
      svgElement('path', { class: 'hit', d }),
      svgElement('path', { class: 'curve', d }),
    );
    svg.append(group);
  }
  nameLines(svg, drawn, right, y);
  box.replaceChildren(svg);
}

/**
 * @param {Element} svg
 * @param {any[]} lines
 * @param {number} right
 * @param {(time: number) => number} y
 */
function nameLines(svg, lines, right, y) {
  const ours = lines.filter(({ peer }) => peer.isOurs);
  const others = lines.filter(({ peer }) => !peer.isOurs);
  const named = [...ours, ...others.slice(0, MAX_NAMED_LINES - ours.length)];
  const ends = named.map(({ points }) => points.at(-1));
  const places = spreadLabels(
    ends.map(([, time]) => y(time)),
    14,
    TOP + 6,
    HEIGHT - BOTTOM,
  );
  for (const [index, { peer, points }] of named.entries()) {
    const at = Number(places[index]);
    svg.append(
      svgElement('path', {
        class: 'leader',
        d: `M${right},${y(points.at(-1)[1])}L${right + 8},${at}`,
      }),
      svgElement('text', { class: `name ${kindOf(peer)}`, x: right + 11, y: at + 4 }, peer.label),
    );
  }
}

/**
 * The line of one client. It ends at the highest percentile for which there are enough samples.
 *
 * @param {any} row
 * @param {number} barsPerOctave
 * @returns {[share: number, time: number][]}
 */
function pointsOf({ bars, count, median }, barsPerOctave) {
  const [first, ...counts] = bars;
  const most = Math.min(0.999, 1 - 1 / count);
  /** @type {[number, number][]} */
  const points = [[0.5, median]];
  let seen = 0;
  for (const [index, inBar] of counts.entries()) {
    seen += inBar;
    const share = seen / count;
    if (inBar === 0 || share <= 0.5) continue;
    points.push([Math.min(share, most), 2 ** ((first + index + 0.5) / barsPerOctave)]);
    if (share >= most) break;
  }
  return points;
}

/** @param {number} share its distance from one half in nines */
function nines(share) {
  return Math.log10(0.5 / (1 - share));
}
