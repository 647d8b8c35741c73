/** Shows an opened row: its rounds, each with its raw samples. */

import { threeDigits, tickText, timeText, wholeText } from '../wording.mjs';
import { logScale, logTicks } from './axis.mjs';
import { element, percent, svgElement } from './dom.mjs';

const BUCKETS_PER_OCTAVE = 128;
const HEIGHT = 26;

/**
 * @param {any} row
 * @param {any} peer
 * @param {{ loadSamples: () => Promise<any>, place: number[], compare: (peer: number) => void }} context
 */
export function renderRounds(row, peer, { loadSamples, place, compare }) {
  const panel = element('div', { class: 'rounds' }, facts(row, peer, compare));
  const strips = element('div', { class: 'strips' }, 'Unpacking the samples…');
  panel.append(strips);
  loadSamples().then(
    (samples) => {
      const [section = 0, cell = 0, index = 0] = place;
      strips.replaceChildren(...stripsOf(row, samples[section]?.[cell]?.[index] ?? {}));
    },
    () =>
      strips.replaceChildren('This browser cannot unpack the samples. The samples file has them.'),
  );
  return panel;
}

/**
 * @param {any} row
 * @param {any} peer
 * @param {(peer: number) => void} compare
 */
function facts(row, peer, compare) {
  const interval = row.interval
    ? ` (${timeText(row.interval[0])} to ${timeText(row.interval[1])})`
    : '';
  const p99Interval = row.p99Interval
    ? ` (${timeText(row.p99Interval[0])} to ${timeText(row.p99Interval[1])})`
    : '';
  const pairs = [
    ['median', `${timeText(row.median)}${interval}`],
    ['p99', `${timeText(row.p99)}${p99Interval}`],
    ['p99.9', timeText(row.p999)],
    ['C→S, S→C', row.send === undefined ? '–' : `${timeText(row.send)}, ${timeText(row.receive)}`],
    ['messages/s', wholeText(row.rate)],
    [
      'client CPU',
      `${threeDigits(row.user + row.system)} µs: user ${threeDigits(row.user)}, system ${threeDigits(row.system)}; busy ${Math.round(row.clientBusy * 100)} %`,
    ],
    [
      'server CPU',
      row.server === undefined
        ? '–'
        : `${threeDigits(row.server)} µs; busy ${Math.round(row.serverBusy * 100)} %`,
    ],
    ['samples', wholeText(row.count)],
  ];
  const button = element('button', { type: 'button' }, `Compare the others with ${peer.label}`);
  button.addEventListener('click', () => compare(row.peer));
  return element(
    'div',
    { class: 'facts' },
    element(
      'dl',
      {},
      ...pairs.map(([name, text]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, text)),
      ),
    ),
    button,
  );
}

/**
 * @param {any} row
 * @param {Record<string, number[]>} samples buckets by round
 */
function stripsOf(row, samples) {
  const times = Object.values(samples).flat().map(timeOf);
  if (times.length === 0) return ['No samples were kept.'];
  const [low, high] = [Math.min(...times) * 0.97, Math.max(...times) * 1.03];
  const scale = logScale(low, high);
  const ticks = logTicks(low, high, 5);
  const head = element(
    'div',
    { class: 'strip axis', 'aria-hidden': 'true' },
    element('span', {}, 'round'),
    element(
      'span',
      { class: 'track' },
      ...ticks.map((tick) =>
        element('i', { style: `left:${percent(scale(tick))}` }, tickText(tick)),
      ),
    ),
    element('span', {}, 'median'),
  );
  const strips = row.rounds.map((/** @type {any} */ [round, median]) => {
    const kept = samples[round] ?? [];
    // Time runs from top to bottom, so a drift within a round is a slope.
    const y = (/** @type {number} */ index) =>
      3 + ((HEIGHT - 6) * index) / Math.max(1, kept.length - 1);
    const svg = svgElement('svg', { viewBox: `0 0 1000 ${HEIGHT}`, preserveAspectRatio: 'none' });
    // Lines of no length with round caps stay round when the picture is stretched.
    const dots = kept.map(
      (bucket, index) => `M${(1000 * scale(timeOf(bucket))).toFixed(1)},${y(index).toFixed(1)}h0`,
    );
    svg.append(svgElement('path', { d: dots.join('') }));
    const standsOut = row.outliers?.includes(round) ? ' stands-out' : '';
    return element(
      'div',
      { class: `strip${standsOut}` },
      element('span', {}, String(round)),
      element(
        'span',
        { class: 'track' },
        svg,
        element('i', { class: 'at-median', style: `left:${percent(scale(median))}` }),
      ),
      element('span', {}, timeText(median)),
    );
  });
  return [
    head,
    ...strips,
    element(
      'p',
      { class: 'note' },
      'Each dot is a sample, up to a hundred per round, the first at the top. The medians are those of all samples.',
    ),
  ];
}

/** @param {number} bucket half a per cent wide, as in the file of samples */
function timeOf(bucket) {
  return 2 ** (bucket / BUCKETS_PER_OCTAVE);
}
