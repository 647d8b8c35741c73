/** Draws time over size, both logarithmic, in a panel for each mode and style. */
import { formatSize, modeTitle } from '../../plans/cells.mjs';
import { logScale, logTicks, spreadLabels } from '../browser/axis.mjs';
import { isMeasured } from '../measured.mjs';
import { isWirespeed } from '../standings.mjs';
import { STYLES } from '../styles.mjs';
import { tickText, timeText } from '../wording.mjs';
import { html, raw } from './html.mjs';

const WIDTH = 392;
const HEIGHT = 320;
const [TOP, RIGHT, BOTTOM, LEFT] = [10, 140, 26, 50];

/**
 * Draws the panels; undefined for a run that has too few sizes for a curve.
 *
 * @param {import('../measured.mjs').Measured} measured
 */
export function renderScaling(measured) {
  const [section] = measured.sections;
  if (!section) return undefined;
  const plain = section.cells.filter(
    ({ content, connections, rate, compression }) =>
      !(content || connections || rate || compression),
  );
  const modes = [...new Set(plain.map(({ mode }) => mode))].filter(
    (mode) => new Set(plain.filter((cell) => cell.mode === mode).map(({ size }) => size)).size > 2,
  );
  if (modes.length === 0) return undefined;
  return html`${modes.map((mode) => {
    const cells = plain.filter((cell) => cell.mode === mode);
    return html`<h3>${modeTitle(mode)}</h3><div class="panels">${renderPanels(measured, section, cells)}</div>`;
  })}`;
}

/**
 * @typedef {object} Line
 * @property {import('../measured.mjs').PeerFacts} peer
 * @property {[size: number, median: number][]} points
 */

/**
 * @param {import('../measured.mjs').Measured} measured
 * @param {import('../measured.mjs').Section} section
 * @param {readonly import('../measured.mjs').Cell[]} cells
 */
function renderPanels(measured, section, cells) {
  /** @type {Line[]} */
  const lines = section.peers.map((name) => ({
    peer: measured.peer(name),
    points: cells.flatMap((cell) => {
      const row = measured.row(section.name, cell, name);
      return row && isMeasured(row) ? [[cell.size, row.summary.median]] : [];
    }),
  }));
  const known = lines.filter(({ points }) => points.length > 0);
  const times = known.flatMap(({ points }) => points.map(([, time]) => time));
  const sizes = cells.map(({ size }) => size).sort((a, b) => a - b);
  const frame = {
    sizes,
    low: Math.min(...times) * 0.9,
    high: Math.max(...times) * 1.1,
  };
  return Object.entries(STYLES).map(([style, title]) => {
    const own = known.filter(({ peer }) => peer.style === style && !peer.isFloor);
    if (own.length === 0) return '';
    const floors = known.filter(({ peer }) => peer.isFloor);
    return html`<figure><figcaption>${title}</figcaption>${raw(renderPanel([...floors, ...own], frame, title))}</figure>`;
  });
}

/**
 * @param {readonly Line[]} lines
 * @param {{ sizes: number[], low: number, high: number }} frame
 * @param {string} title
 */
function renderPanel(lines, { sizes, low, high }, title) {
  const scaleX = logScale(Number(sizes[0]), Number(sizes.at(-1)));
  const scaleY = logScale(low, high);
  const right = WIDTH - RIGHT;
  const x = (/** @type {number} */ size) => LEFT + scaleX(size) * (right - LEFT);
  const y = (/** @type {number} */ time) =>
    HEIGHT - BOTTOM - scaleY(time) * (HEIGHT - TOP - BOTTOM);
  const grid = logTicks(low, high, 8).map(
    (tick) =>
      html`<path class="grid" d="M${LEFT},${fixed(y(tick))}H${right}"/><text class="tick" x="${LEFT - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${tickText(tick)}</text>`,
  );
  const marked = sizes.filter((_, index) => index % Math.ceil(sizes.length / 4) === 0);
  const bottom = marked.map(
    (size) =>
      html`<text class="tick" x="${fixed(x(size))}" y="${HEIGHT - 8}" text-anchor="middle">${formatSize(size)}</text>`,
  );
  const ordered = [...lines].sort((a, b) => rank(a.peer) - rank(b.peer));
  const drawn = ordered.map(({ peer, points }) => {
    const d = `M${points.map(([size, time]) => `${fixed(x(size))},${fixed(y(time))}`).join('L')}`;
    const tip = [
      `${peer.label} (${peer.language ?? ''})`,
      ...points.map(([size, time]) => `${formatSize(size)}: ${timeText(time)}`),
    ].join('\n');
    const dots = points.map(([size, time]) => `M${fixed(x(size))},${fixed(y(time))}h0`).join('');
    return html`<g class="${kindOf(peer)}" tabindex="0" data-tip="${tip}"><path class="hit" d="${d}"/><path class="curve" d="${d}"/><path class="dots" d="${dots}"/></g>`;
  });
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: median time by size">${grid}${bottom}${drawn}${renderNames(ordered, right, x, y)}</svg>`
    .text;
}

/**
 * @param {readonly Line[]} lines
 * @param {number} right
 * @param {(size: number) => number} x
 * @param {(time: number) => number} y
 */
function renderNames(lines, right, x, y) {
  const ends = lines.map(({ points }) => /** @type {[number, number]} */ (points.at(-1)));
  const places = spreadLabels(
    ends.map(([, time]) => y(time)),
    13,
    TOP + 4,
    HEIGHT - BOTTOM - 2,
  );
  return lines.map(({ peer }, index) => {
    const [size, time] = /** @type {[number, number]} */ (ends[index]);
    const at = Number(places[index]);
    return html`<path class="leader" d="M${fixed(x(size) + 4)},${fixed(y(time))}L${right + 12},${fixed(at)}"/><text class="name ${kindOf(peer)}" x="${right + 15}" y="${fixed(at + 4)}">${peer.label}</text>`;
  });
}

/** @param {import('../measured.mjs').PeerFacts} peer */
function rank(peer) {
  if (isWirespeed({ peer })) return 2;
  return peer.isFloor ? 0 : 1;
}

/** @param {import('../measured.mjs').PeerFacts} peer */
function kindOf(peer) {
  if (isWirespeed({ peer })) return 'ours';
  return peer.isFloor ? 'floor' : 'rival';
}

/** @param {number} value */
function fixed(value) {
  return value.toFixed(1);
}
