/** The overview: how often each client of Wirespeed is ahead, and a matrix of all cells and all rivals of its style. */
import { cellDetails, cellTitle, modeTitle } from '../../plans/cells.mjs';
import { groupBy } from '../groups.mjs';
import { sectionTitle } from '../markdown.mjs';
import { countOutcomes } from '../standings.mjs';
import { factorText, ratioText } from '../wording.mjs';
import { html } from './html.mjs';

/** From this ratio on a field of the matrix has its full colour. */
const FULL = 4;

/** @param {readonly import('../standings.mjs').Standing[]} standings */
export function renderOverview(standings) {
  const wirespeed = [...groupBy(standings, ({ ours }) => ours.peer)];
  const sections = [...groupBy(standings, ({ section }) => section)];
  return html`<div class="clients">${wirespeed.map(([peer, all]) => renderClientCard(peer, all))}</div>
${sections.map(([section, all], index) =>
  index === 0
    ? renderMatrix(section, all)
    : html`<details class="more"><summary>${sectionTitle(section)}</summary>${renderMatrix(section, all)}</details>`,
)}`;
}

/**
 * @param {import('../measured.mjs').PeerFacts} peer
 * @param {readonly import('../standings.mjs').Standing[]} all
 */
function renderClientCard(peer, all) {
  const counts = countOutcomes(all);
  const cells = [
    ...groupBy(all, ({ section, cell }) => `${section.name} ${cellTitle(cell)}`).values(),
  ];
  const won = cells.filter((pairs) => pairs.every(({ outcome }) => outcome === 'ahead')).length;
  const unbeaten = cells.filter((pairs) =>
    pairs.every(({ outcome }) => outcome !== 'behind'),
  ).length;
  const rivals = new Set(all.map(({ rival }) => rival.peer.name)).size;
  const lost = [
    ...groupBy(
      all.filter(({ outcome }) => outcome === 'behind'),
      ({ rival }) => rival.peer.label,
    ),
  ];
  return html`<article>
<h3>${peer.label}</h3>
<p class="style">against ${rivals} ${peer.server ? 'other server' : `${peer.style} client`}${rivals === 1 ? '' : 's'}</p>
<p class="big"><b>${won}</b> of ${cells.length} cells ahead of every one of them</p>
<div class="tally" aria-hidden="true">${Object.entries(counts).map(([outcome, count]) =>
    count === 0 ? '' : html`<span class="${outcome}" style="flex-grow:${count}"></span>`,
  )}</div>
<p class="note">Of ${all.length} pairings ${counts.ahead} ahead, ${counts.tie} ${counts.tie === 1 ? 'tie' : 'ties'}, ${counts.behind} behind. ${lost.length === 0 ? 'Behind none of them.' : html`Behind ${lost.map(([label, pairs], index) => html`${index > 0 ? ', ' : ''}${label} in ${pairs.length}`)}; behind none in ${unbeaten} of ${cells.length} cells.`}</p>
</article>`;
}

/**
 * @param {import('../measured.mjs').Section} section
 * @param {readonly import('../standings.mjs').Standing[]} all
 */
function renderMatrix(section, all) {
  const modes = [...groupBy(section.cells, ({ mode }) => mode)];
  const wirespeed = [...groupBy(all, ({ ours }) => ours.peer)];
  return html`<p class="note">How many times as long as Wirespeed the others of the same style take, or how many times as much memory: ${sectionTitle(section)}. Above 1 Wirespeed is better; ≈ is a tie.</p>
<div class="scroll"><table class="matrix">
<thead><tr><th rowspan="2"></th>${modes.map(([mode, cells]) => html`<th colspan="${cells.length}" scope="colgroup">${modeTitle(mode)}</th>`)}</tr>
<tr>${modes.map(([, cells]) => cells.map((cell) => html`<th scope="col">${shortDetails(cell)}</th>`))}</tr></thead>
${wirespeed.map(
  ([
    ours,
    standings,
  ]) => html`<tbody><tr class="wirespeed"><th colspan="${section.cells.length + 1}" scope="rowgroup">${ours.label}</th></tr>
${[...groupBy(standings, ({ rival }) => rival.peer)].map(
  ([rival, pairs]) =>
    html`<tr><th scope="row">${rival.label} <small>${rival.language ?? ''}</small></th>${modes.map(
      ([, cells]) => cells.map((cell) => renderField(pairs.find((pair) => pair.cell === cell))),
    )}</tr>`,
)}</tbody>`,
)}</table></div>`;
}

/** @param {import('../standings.mjs').Standing | undefined} standing */
function renderField(standing) {
  if (!standing) return html`<td class="none">–</td>`;
  const { ratio, outcome, section, ours, rival, cell } = standing;
  const strength = Math.min(1, Math.abs(Math.log(ratio.median)) / Math.log(FULL));
  const tip = [
    cellTitle(cell),
    `${rival.peer.label} takes ${ratioText(ratio)} the ${ours.memory === undefined ? 'time' : 'memory'} of ${ours.peer.label}`,
    ...(rival.summary?.isServerSaturated || ours.summary?.isServerSaturated
      ? ['The server was saturated.']
      : []),
  ].join('\n');
  const saturated = ours.summary?.isServerSaturated ? ' saturated' : '';
  const place = `${section.name}/${cell.mode}/${cellDetails(cell)}`;
  const text = outcome === 'tie' ? '≈' : shortFactor(ratio.median);
  return html`<td class="${outcome}${saturated}" style="--strength:${(0.18 + 0.82 * strength).toFixed(2)}" data-tip="${tip}"><a href="#cell=${encodeURIComponent(place)}">${text}</a></td>`;
}

/** @param {import('../measured.mjs').Cell} cell */
function shortDetails(cell) {
  return cellDetails(cell).replace(' KiB', 'K').replace(' MiB', 'M').replace(' B', '');
}

/** @param {number} factor shown with two digits after the point only if it is near 1 */
function shortFactor(factor) {
  return factor < 1.95 ? factor.toFixed(2) : factorText(factor).replace(/^(\d\.\d)\d$/, '$1');
}
