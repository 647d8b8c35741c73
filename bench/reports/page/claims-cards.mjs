/** The claims of the reference document beside what was measured, each with a picture and a sentence. */
import { logScale } from '../browser/axis.mjs';
import { judgeClaims, VERDICTS } from '../claims.mjs';
import { SECTION } from '../document-tables.mjs';
import { ratioText } from '../wording.mjs';
import { html } from './html.mjs';

const [LOW, HIGH] = [0.25, 40];
const TICKS = [0.5, 1, 2, 5, 10, 20];

/** @param {import('../measured.mjs').Measured} measured */
export function renderClaims(measured) {
  return html`<p class="legend"><span><span class="mark claimed"></span> claimed</span><span><span class="mark neutral"></span> measured on ${measured.serverLabel(SECTION)}, with the same window for all</span><span><span class="mark published"></span> measured as the document did, on its own server</span><span>Left of 1 the claimed winner is slower.</span></p>
<div class="claims">${judgeClaims(measured).map(renderClaim)}</div>`;
}

/** @param {import('../claims.mjs').Judgement} judgement */
function renderClaim({ claim, verdict, sentence, neutral, published }) {
  const scale = logScale(LOW, HIGH);
  const at = (/** @type {number} */ value) =>
    `${(100 * Math.max(0, Math.min(1, scale(value)))).toFixed(1)}%`;
  return html`<article class="claim ${verdict}">
<blockquote>${claim.quote}</blockquote>
<p class="verdict">${VERDICTS[verdict]}</p>
<div class="plot" aria-hidden="true">
${TICKS.map((tick) => html`<i class="${tick === 1 ? 'one' : 'tick'}" style="left:${at(tick)}"><span>${tick}×</span></i>`)}
<i class="mark claimed" style="left:${at(claim.factor)}" data-tip="claimed: ${claim.factor}×"></i>
${neutral.map((finding) => renderFinding(finding, 'neutral', at))}
${published.map((finding) => renderFinding(finding, 'published', at))}
</div>
<p>${sentence}</p>
</article>`;
}

/**
 * @param {import('../claims.mjs').Finding} finding
 * @param {'neutral' | 'published'} ground
 * @param {(value: number) => string} at
 */
function renderFinding({ slower, ratio, cell }, ground, at) {
  const where = ground === 'neutral' ? 'on the neutral server' : 'measured as the document did';
  const tip = `${slower}, ${cell.size} B\n${ratioText(ratio)} the time of the claimed winner\n${where}`;
  return html`<i class="span ${ground}" style="left:${at(ratio.low)};right:calc(100% - ${at(ratio.high)})"></i><i class="mark ${ground}" style="left:${at(ratio.median)}" data-tip="${tip}"></i>`;
}
