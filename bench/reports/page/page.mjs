/** The whole report as one HTML file, which loads nothing else. */
import { readFileSync } from 'node:fs';
import { cautionsOf } from '../cautions.mjs';
import { hasDocumentClients, SECTION } from '../document-tables.mjs';
import { machineFacts } from '../machine-facts.mjs';
import { isWirespeed, listStandings } from '../standings.mjs';
import { hasTargets } from '../targets.mjs';
import { POLLING_NOTE } from '../wording.mjs';
import { renderClaims } from './claims-cards.mjs';
import { html, raw } from './html.mjs';
import { joinModules } from './join-modules.mjs';
import { renderOverview } from './overview.mjs';
import { packSamples, pageData } from './page-data.mjs';
import { renderScaling } from './scaling.mjs';
import { renderDocumentTables, renderEveryCell, renderTargets } from './tables.mjs';

/** In the order of the cascade: a later style sheet overrides an earlier one. */
const STYLES = [
  'colours',
  'text',
  'overview',
  'tables',
  'explorer',
  'charts',
  'claims',
  'tip',
  'small-screens',
].map((name) => new URL(`styles/${name}.css`, import.meta.url));
const SCRIPT = new URL('../browser/main.mjs', import.meta.url);

/**
 * @param {import('../measured.mjs').Measured} measured
 * @param {string} samplesLink where the file of samples is, seen from the page
 */
export function renderPage(measured, samplesLink) {
  const { machine, sections } = measured;
  const cells = sections.reduce((total, section) => total + section.cells.length, 0);
  const clients = [...new Set(sections.flatMap(({ peers }) => peers))]
    .map((name) => measured.peer(name))
    .filter((peer) => !peer.isFloor && !peer.server && !isWirespeed({ peer })).length;
  const [first] = sections;
  const hasDocument = hasDocumentClients(measured);
  const standings = listStandings(measured);
  const scaling = renderScaling(measured);
  const targets = hasTargets(measured) && renderTargets(measured);
  return html`<!doctype html>
<html lang="en" data-theme="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Wirespeed benchmark, ${machine.date.slice(0, 10)}</title>
<style>${raw(STYLES.map((url) => readFileSync(url, 'utf8')).join(''))}</style>
</head>
<body>
<header>
<div class="top"><p class="brand">Wirespeed</p><nav><a href="#overview">Overview</a><a href="#explorer">Explore</a>${scaling && html`<a href="#sizes">Sizes</a>`}${targets && html`<a href="#targets">Targets</a>`}${hasDocument && html`<a href="#claims">Claims</a>`}<a href="#tables">Tables</a><a href="#method">Method</a></nav><button id="theme" type="button">auto</button></div>
<h1>Wirespeed beside ${clients} other WebSocket clients</h1>
<p class="lead">${cells} cells, ${measured.rounds} ${measured.rounds === 1 ? 'round' : 'rounds'} · ${machine.cpu}, ${machine.cores} cores · ${machine.date.slice(0, 10)} · commit ${machine.commit || 'unknown'}${machine.isModified ? ' with changes' : ''} · <a href="${samplesLink}">samples (JSON lines)</a></p>
${cautionsOf(measured).map((text) => html`<p class="caution">${text}</p>`)}
<details class="machine"><summary>Machine, versions and method</summary><dl>${machineFacts(measured).map(({ name, text }) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl></details>
</header>
<main>
<section id="overview"><h2>Like for like</h2>
<p class="lead">Blocking clients are compared with blocking ones, await with await, callbacks with callbacks, in every language. Losses and ties are included.</p>
${standings.length > 0 ? renderOverview(standings) : html`<p>This run has no client of Wirespeed beside another client of its style.</p>`}</section>
<section id="explorer"><h2>Every client, cell by cell</h2>
<div class="choices"><div data-choice="section" role="group" aria-label="Section"></div><div data-choice="mode" role="group" aria-label="Workload"></div><div data-choice="details" role="group" aria-label="Size"></div><div data-choice="style" role="group" aria-label="Style"></div></div>
<h3 class="cell-title"></h3>
<p class="cell-note note"></p>
<p class="legend"><span><span class="swatch ridge"></span> all samples</span><span><span class="swatch line"></span> median</span><span><span class="swatch interval"></span> its 95 % interval</span><span><span class="swatch dot"></span> medians of the rounds</span><span><span class="swatch p99"></span> p99, p99.9</span><span>Open a row for its rounds and samples.</span></p>
<div class="ranking"></div>
<div class="pair">
<figure><figcaption>Latency by percentile</figcaption><div class="percentiles"></div></figure>
<figure><figcaption>CPU per message</figcaption><p class="legend"><span><span class="swatch user"></span> client, user</span><span><span class="swatch system"></span> client, system</span><span><span class="swatch server"></span> server, on the right; ! is saturated</span></p><div class="cpu"></div></figure>
</div>
<noscript><p>The explorer needs JavaScript. The tables below have all of its figures.</p></noscript></section>
${scaling && html`<section id="sizes"><h2>How times grow with size</h2><p class="lead">Median per message on server ${first?.server}, both axes logarithmic. Dashed lines are floors: sockets without a WebSocket client.</p>${scaling}</section>`}
${targets && html`<section id="targets"><h2>Targets</h2><p class="lead">The figures that Wirespeed wants to reach, and what was measured. Within the noise means that the interval contains the bound.</p>${targets}</section>`}
${
  hasDocument &&
  html`<section id="claims"><h2>What the reference document claims</h2>${renderClaims(measured)}</section>
<section id="document"><h2>The reference document’s tables</h2>
<p class="lead">The document is a published comparison of WebSocket clients for Python: websocket-rs, picows, websockets and websocket-client. Here are its clients and columns, measured on ${measured.serverLabel(SECTION)} with the same window for all, beside its own figures. “vs best” compares with the fastest of its clients, so a client of Wirespeed below 1 is faster than all of them.</p>
${renderDocumentTables(measured)}</section>`
}
<section id="tables"><h2>Every cell</h2>${renderEveryCell(measured)}</section>
<section id="method"><h2>How to read this</h2>${METHOD}
<p>These figures come from <code>npm run bench -- ${machine.flags.join(' ')}</code>, and this page from <code>npm run bench:report</code> and <a href="${samplesLink}">its samples</a>.</p></section>
</main>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="data">${raw(scriptJson(pageData(measured)))}</script>
<script type="application/octet-stream" id="samples">${raw(packSamples(measured))}</script>
<script>${raw(joinModules(SCRIPT).replaceAll('</', '<\\/'))}</script>
</body>
</html>
`.text;
}

const METHOD = html`<dl class="method">
<div><dt>A time</dt><dd>is that of one message, from sending it until every byte of its reply has been compared. Pipelined cells keep 100 messages in flight, so a time includes the wait behind the others.</dd></div>
<div><dt>A median</dt><dd>is over the samples of all rounds. Its interval holds it with 95 % confidence. It comes from drawing whole rounds, not samples, since the samples of a round depend on each other.</dd></div>
<div><dt>A ratio</dt><dd>is formed in each round; shown is the median over the rounds. Its interval holds it with 90 % confidence or more, and assumes nothing about the noise.</dd></div>
<div><dt>A tie, ≈,</dt><dd>is a ratio whose interval includes 1, one that differs from 1 by less than 2 %, or one of fewer than five rounds.</dd></div>
<div><dt>A saturated server, !,</dt><dd>was busy for 90 % of the time or more, and busier than the client. The line measures the server, and the client could be faster.</dd></div>
<div><dt>A client that polls, °,</dt><dd>${POLLING_NOTE}</dd></div>
<div><dt>A round that stands out</dt><dd>lies beyond Tukey’s fences and a tenth from the median. It is named, and every figure includes it.</dd></div>
<div><dt>Loopback</dt><dd>has no network in it. A client saves CPU and wake-ups here; on a real network the same microseconds are a smaller share of the time.</dd></div>
</dl>`;

/**
 * Writes JSON that cannot end the script element which contains it.
 *
 * @param {unknown} value
 */
function scriptJson(value) {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
