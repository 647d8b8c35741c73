/** The tables of the page: those of the reference document, the targets, and every figure of every cell. */
import { cellTitle, formatSize } from '../../plans/cells.mjs';
import { TARGETS } from '../../plans/target-figures.mjs';
import { logScale } from '../browser/axis.mjs';
import { documentColumns, documentLines } from '../document-tables.mjs';
import { sectionTitle } from '../markdown.mjs';
import { isMeasured, slownessOf } from '../measured.mjs';
import { DOCUMENT_SCALING, DOCUMENT_TABLES } from '../reference-document.mjs';
import { isWirespeed } from '../standings.mjs';
import { boundText, judgeTargets, verdictText } from '../targets.mjs';
import {
  bytesText,
  factorText,
  figureText,
  kindText,
  millisText,
  ratioText,
  threeDigits,
  timeText,
  wholeText,
} from '../wording.mjs';
import { html } from './html.mjs';

/** The ends of the axis that shows ratios to the best. */
const PLOT = { low: 0.6, high: 30 };
const TICKS = [1, 2, 5, 10, 20];

/** @param {import('../measured.mjs').Measured} measured */
export function renderDocumentTables(measured) {
  return html`<div class="tables">${DOCUMENT_TABLES.map(
    (
      table,
    ) => html`<div><p class="caption">${table.title}, in milliseconds</p><div class="scroll"><table>
<thead><tr><th></th><th>Send<br><small>C→S</small></th><th>Receive<br><small>S→C</small></th><th>RTT</th><th>vs best</th><th class="claimed">RTT<br><small>document</small></th><th class="claimed">vs best<br><small>document</small></th><th class="wide"><span class="plot">${TICKS.map((tick) => html`<i class="tick" style="left:${placeOf(tick)}"><span>${tick}×</span></i>`)}</span></th></tr></thead>
<tbody>${documentLines(measured, table).map(renderDocumentLine)}</tbody></table></div></div>`,
  )}${DOCUMENT_SCALING.map((scaling) => renderDocumentScaling(measured, scaling))}</div>`;
}

/** @param {import('../document-tables.mjs').DocumentLine} line */
function renderDocumentLine({ name, row, claimedRtt, claimedFactor, ratio, factor, isOurs }) {
  const summary = row?.summary;
  const figures = summary
    ? html`<td>${millisText(summary.send)}</td><td>${millisText(summary.receive)}</td><td><b>${millisText(summary.median)}</b></td><td>${ratio}</td>`
    : html`<td colspan="4" class="why">${row?.failure ?? 'not part of this run'}</td>`;
  return html`<tr class="${isOurs ? 'ours' : ''}"><th scope="row">${name}</th>${figures}<td class="claimed">${claimedRtt?.toFixed(3)}</td><td class="claimed">${claimedFactor === undefined ? '' : `${claimedFactor.toFixed(1)}×`}</td><td class="wide" aria-hidden="true">${renderPlot(factor, claimedFactor)}</td></tr>`;
}

/**
 * Draws the measured ratio and the document's on the same logarithmic axis.
 *
 * @param {number | undefined} factor
 * @param {number | undefined} claimed
 */
function renderPlot(factor, claimed) {
  return html`<span class="plot">${TICKS.map((tick) => html`<i class="${tick === 1 ? 'one' : 'tick'}" style="left:${placeOf(tick)}"></i>`)}${
    claimed &&
    html`<i class="mark claimed" style="left:${placeOf(claimed)}" data-tip="${claimed.toFixed(1)}× of the best, says the document"></i>`
  }${factor && html`<i class="mark measured" style="left:${placeOf(factor)}" data-tip="${factorText(factor)}× of the best of the document’s clients, measured"></i>`}</span>`;
}

/** @param {number} factor */
function placeOf(factor) {
  const share = logScale(PLOT.low, PLOT.high)(factor);
  return `${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%`;
}

/**
 * @param {import('../measured.mjs').Measured} measured
 * @param {import('../reference-document.mjs').DocumentScaling} scaling
 */
function renderDocumentScaling(measured, scaling) {
  const columns = documentColumns(measured, scaling);
  return html`<div><p class="caption">${scaling.title}: RTT in milliseconds, below it the document’s</p><div class="scroll"><table>
<thead><tr><th></th>${columns.map(({ name, isOurs }) => html`<th class="${isOurs ? 'ours' : ''}">${name}</th>`)}</tr></thead>
<tbody>${scaling.sizes.map(
    (size, index) =>
      html`<tr><th scope="row">${formatSize(size)}</th>${columns.map(
        ({ isOurs, medians, claimed }) =>
          html`<td class="${isOurs ? 'ours' : ''}">${millisText(medians[index])}${claimed ? html`<br><small>${claimed[index]?.toFixed(3)}</small>` : ''}</td>`,
      )}</tr>`,
  )}</tbody></table></div></div>`;
}

/** @param {import('../measured.mjs').Measured} measured */
export function renderTargets(measured) {
  return TARGETS.map(
    ({
      title,
      targets,
    }) => html`<p class="caption">${title}</p><div class="scroll"><table class="targets">
<thead><tr><th></th><th>target</th><th>measured</th><th></th></tr></thead>
<tbody>${judgeTargets(measured, targets).map(
      (judgement) =>
        html`<tr class="${judgement.isReached ? '' : 'missed'}"><th scope="row">${judgement.target.title}</th><td>${boundText(judgement)}</td><td>${judgement.ratio ? figureText(judgement.ratio) : ''}</td><td>${verdictText(judgement)}</td></tr>`,
    )}</tbody></table></div>`,
  );
}

/** @param {import('../measured.mjs').Measured} measured */
export function renderEveryCell(measured) {
  return html`${measured.sections.map(
    (
      section,
    ) => html`<details class="more"><summary>${sectionTitle(section)} <small>${section.cells.length} cells</small></summary>
${section.cells.map((cell) => renderCell(cellTitle(cell), measured.rows(section, cell)))}</details>`,
  )}`;
}

/**
 * @param {string} title
 * @param {readonly import('../measured.mjs').Row[]} rows
 */
function renderCell(title, rows) {
  const best = rows.find((row) => isMeasured(row) && !row.peer.isFloor);
  return html`<p class="caption">${title}</p><div class="scroll"><table>
<thead><tr><th></th><th>median</th><th>p99</th><th>p99.9</th><th>messages/s</th><th>client µs</th><th>server µs</th><th>of the fastest</th></tr></thead>
<tbody>${rows.map((row) => renderRow(row, best))}</tbody></table></div>`;
}

/**
 * @param {import('../measured.mjs').Row} row
 * @param {import('../measured.mjs').Row | undefined} best
 */
function renderRow(row, best) {
  const { peer, summary, failure, failures, memory } = row;
  const head = html`<th scope="row">${peer.label} <small>${kindText(peer)}${failures.length > 0 ? ` · ${failures.length} failed` : ''}</small></th>`;
  const kind = isWirespeed(row) ? 'ours' : '';
  if (memory !== undefined) {
    return html`<tr class="${kind}">${head}<td colspan="7">${bytesText(memory)} per connection</td></tr>`;
  }
  if (!summary)
    return html`<tr class="${kind}">${head}<td colspan="7" class="why">${failure}</td></tr>`;
  return html`<tr class="${kind}">${head}<td>${timeText(summary.median)}</td><td>${timeText(summary.p99)}</td><td>${timeText(summary.p999)}</td><td>${wholeText(summary.rate)}</td><td>${threeDigits(summary.clientCpu)}</td><td>${threeDigits(summary.serverCpu)}${summary.isServerSaturated ? ' !' : ''}</td><td>${row === best ? '1' : ratioText(slownessOf(row, best))}</td></tr>`;
}
