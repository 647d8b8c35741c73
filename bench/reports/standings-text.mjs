/** Says in words and in Markdown who is ahead of whom. */
import { cellTitle } from '../plans/cells.mjs';
import { groupBy } from './groups.mjs';
import { countOutcomes } from './standings.mjs';
import { factorText, rangeText } from './wording.mjs';

/**
 * Sums the standings up for a terminal, in a line for each client of Wirespeed.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function summarizeStandings(standings) {
  return [...groupBy(standings, ({ ours }) => ours.peer)].map(([peer, all]) => {
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
 * A table with a line for each client of Wirespeed and each rival of its style: in how many cells it is ahead, level and
 * behind.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function renderStandings(standings) {
  const wirespeed = [...groupBy(standings, ({ ours }) => ours.peer)];
  return [
    '| client | against | ahead | tie | behind |',
    '| --- | --- | ---: | ---: | ---: |',
    ...wirespeed.flatMap(([peer, all]) =>
      [...groupBy(all, ({ rival }) => rival.peer)].map(([rival, pair]) => {
        const { ahead, tie, behind } = countOutcomes(pair);
        return `| **${peer.label}** | ${rival.label}${rival.language ? ` (${rival.language})` : ''} | ${ahead} | ${tie} | ${behind} |`;
      }),
    ),
  ].join('\n');
}

/**
 * A table of the cells in which a client of Wirespeed is behind or level, with the rivals there.
 *
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
export function renderLosses(standings) {
  const open = standings.filter(({ outcome }) => outcome !== 'ahead');
  if (open.length === 0) return 'In no cell.';
  return [
    '| client | section, server | cell | behind (how many times as long it takes, or as much memory) | level with |',
    '| --- | --- | --- | --- | --- |',
    ...[...groupByPlace(open).values()].map((all) => {
      const [{ ours, section, cell }] = /** @type {[import('./standings.mjs').Standing]} */ (all);
      const of = (/** @type {string} */ outcome) =>
        all
          .filter((standing) => standing.outcome === outcome)
          .map(rivalText)
          .join(', ') || '–';
      return `| **${ours.peer.label}** | ${section.name}, ${section.server} | ${cellTitle(cell)} | ${of('behind')} | ${of('tie')} |`;
    }),
  ].join('\n');
}

/**
 * @param {readonly import('./standings.mjs').Standing[]} standings
 */
function groupByPlace(standings) {
  return groupBy(standings, ({ ours, section, cell }) =>
    [ours.peer.name, section.name, cellTitle(cell)].join(' '),
  );
}

/**
 * Names the rival, and how much faster it is.
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
 * Says in a few words how the client stands to the rival.
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
