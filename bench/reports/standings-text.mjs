/** Who is ahead of whom, in words and Markdown. */
import { cellTitle } from '../plans/cells.mjs';
import { groupBy } from './groups.mjs';
import { countOutcomes } from './standings.mjs';
import { factorText, rangeText } from './wording.mjs';

/**
 * The same for a terminal: one line per face.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function summarizeStandings(standings) {
  return [...groupBy(standings, ({ face }) => face.peer)].map(([peer, all]) => {
    const { ahead, tie, behind } = countOutcomes(all);
    const losers = [
      ...groupBy(
        all.filter(({ outcome }) => outcome === 'behind'),
        ({ rival }) => rival.peer.label,
      ).keys(),
    ];
    const worst = losers.length > 0 ? ` (${losers.join(', ')})` : '';
    const others = peer.server ? 'other servers' : `${peer.style} clients`;
    return `${peer.label} against ${others}, cell by cell: ${ahead} ahead, ${tie} ties, ${behind} behind${worst}`;
  });
}

/**
 * One line per face and rival: how often it is ahead of, level with and behind clients of its own style.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function renderStandings(standings) {
  const faces = [...groupBy(standings, ({ face }) => face.peer)];
  return [
    '| face | against | ahead | tie | behind |',
    '| --- | --- | ---: | ---: | ---: |',
    ...faces.flatMap(([peer, all]) =>
      [...groupBy(all, ({ rival }) => rival.peer)].map(([rival, pair]) => {
        const { ahead, tie, behind } = countOutcomes(pair);
        return `| **${peer.label}** | ${rival.label}${rival.language ? ` (${rival.language})` : ''} | ${ahead} | ${tie} | ${behind} |`;
      }),
    ),
  ].join('\n');
}

/**
 * Every cell that a face loses or ties, each with its rivals there.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function renderLosses(standings) {
  const open = standings.filter(({ outcome }) => outcome !== 'ahead');
  if (open.length === 0) return 'In no cell.';
  return [
    '| face | section, server | cell | loses to (takes so many times as long, or as much memory) | ties with |',
    '| --- | --- | --- | --- | --- |',
    ...[...groupByPlace(open).values()].map((all) => {
      const [{ face, section, cell }] = /** @type {[import('./standings.mjs').Standing]} */ (all);
      const of = (/** @type {string} */ outcome) =>
        all
          .filter((standing) => standing.outcome === outcome)
          .map(rivalText)
          .join(', ') || '–';
      return `| **${face.peer.label}** | ${section.name}, ${section.server} | ${cellTitle(cell)} | ${of('behind')} | ${of('tie')} |`;
    }),
  ].join('\n');
}

/**
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
function groupByPlace(standings) {
  return groupBy(standings, ({ face, section, cell }) =>
    [face.peer.name, section.name, cellTitle(cell)].join(' '),
  );
}

/**
 * The rival, and how much faster it is than the face.
 *
 * @param {import('./standings.mjs').Standing} standing
 */
function rivalText({ rival, ratio, outcome }) {
  const { low, high, median } = ratio;
  if (outcome === 'tie') return `${rival.peer.label} (${rangeText(ratio)})`;
  const slowness = { low: 1 / high, high: 1 / low };
  return `${rival.peer.label} (${factorText(1 / median)}×, ${rangeText(slowness)})`;
}

/**
 * How the face stands to the rival, in a few words.
 *
 * @param {import('./standings.mjs').Standing} standing
 */
export function standingText({ rival, ratio, outcome }) {
  const { low, high, median } = ratio;
  const { label } = rival.peer;
  if (outcome === 'tie') return `level with ${label} (${rangeText(ratio)})`;
  if (outcome === 'ahead') return `${label} takes ${factorText(median)}× (${rangeText(ratio)})`;
  const lead = { low: 1 / high, high: 1 / low };
  return `behind ${label}, which is ${factorText(1 / median)}× as fast (${rangeText(lead)})`;
}
