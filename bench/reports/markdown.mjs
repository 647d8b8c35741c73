/** The report as Markdown. It is made of blocks, and documents can contain some of them. */

import { cellTitle } from '../plans/cells.mjs';
import { renderAgreement } from './agreement.mjs';
import { cautionsOf } from './cautions.mjs';
import { judgeClaims, VERDICTS } from './claims.mjs';
import {
  hasDocumentClients,
  renderDocumentScaling,
  renderDocumentTables,
} from './document-tables.mjs';
import { groupBy } from './groups.mjs';
import { machineFacts } from './machine-facts.mjs';
import { isMeasured, slownessOf } from './measured.mjs';
import { isWirespeed, listStandings } from './standings.mjs';
import { renderLosses, renderStandings, standingText } from './standings-text.mjs';
import { STYLES } from './styles.mjs';
import { hasTargets, renderTargets } from './targets.mjs';
import {
  bytesText,
  kindText,
  POLLING_NOTE,
  ratioText,
  threeDigits,
  timeText,
  wholeText,
} from './wording.mjs';

const SIZES_IN_DOCS = [512, 65_536];

/**
 * Every block, by the name that documents use for it. It is undefined for a run of another kind.
 *
 * @type {Record<string, (measured: import('./measured.mjs').Measured, earlier?: import('./measured.mjs').Measured) => string | undefined>}
 */
export const BLOCKS = {
  machine: where(hasDocumentClients, renderMachine),
  claims: where(hasDocumentClients, renderClaims),
  'document-tables': where(hasDocumentClients, renderDocumentTables),
  'document-scaling': where(hasDocumentClients, renderDocumentScaling),
  'like-for-like': where(hasDocumentClients, renderLikeForLike),
  standings: where(hasDocumentClients, (measured) => renderStandings(listStandings(measured))),
  losses: where(hasDocumentClients, (measured) => renderLosses(listStandings(measured))),
  agreement: (measured, earlier) => earlier && renderAgreement(earlier, measured),
  readme: where(hasDocumentClients, renderReadme),
  targets: where(hasTargets, renderTargets),
  'targets-machine': where(hasTargets, renderMachine),
};

/**
 * @param {(measured: import('./measured.mjs').Measured) => boolean} isOfKind
 * @param {(measured: import('./measured.mjs').Measured) => string} render
 */
function where(isOfKind, render) {
  return (/** @type {import('./measured.mjs').Measured} */ measured) =>
    isOfKind(measured) ? render(measured) : undefined;
}

/** @param {import('./measured.mjs').Measured} measured */
export function renderMarkdown(measured) {
  return [
    '# Wirespeed benchmark',
    renderMachine(measured),
    '## Like for like',
    renderStandings(listStandings(measured)),
    '### Where Wirespeed loses or ties',
    renderLosses(listStandings(measured)),
    ...(hasDocumentClients(measured) ? renderDocument(measured) : []),
    ...(hasTargets(measured) ? ['## Targets', renderTargets(measured)] : []),
    '## Every cell',
    READING,
    ...measured.sections.flatMap((section) => [
      `### ${sectionTitle(section)}`,
      ...section.cells.map((cell) => renderCell(cellTitle(cell), measured.rows(section, cell))),
    ]),
  ].join('\n\n');
}

/** @param {import('./measured.mjs').Measured} measured */
function renderDocument(measured) {
  return [
    '## What the reference document claims, and what was measured',
    renderClaims(measured),
    '## The tables of the reference document',
    renderDocumentTables(measured),
    renderDocumentScaling(measured),
  ];
}

const READING =
  'A time is that of one message, from sending it to having its reply. The interval after a median holds it with 95 % confidence ' +
  '(bootstrap over rounds). “Of the fastest” is the ratio to the median of the fastest client, formed in each round, with the interval ' +
  'that holds it with 90 % confidence or more. ≈ is a tie: that interval includes 1, or the difference is under 2 %, or there are fewer ' +
  'than five rounds. ! marks a server that was busy for 90 % of the time or more, and busier than the client: such a line measures the ' +
  'server. † marks a client with rounds that stand out; its figures include them. ' +
  POLLING_NOTE;

/** @param {import('./measured.mjs').Measured} measured */
function renderMachine(measured) {
  return [
    '| | |',
    '| --- | --- |',
    ...machineFacts(measured).map(({ name, text }) => `| ${name} | ${text} |`),
    ...cautionsOf(measured).flatMap((text) => ['', `> ${text}`]),
  ].join('\n');
}

/** @param {import('./measured.mjs').Measured} measured */
function renderClaims(measured) {
  return [
    '| the document says | verdict | measured here |',
    '| --- | --- | --- |',
    ...judgeClaims(measured).map(
      ({ claim, verdict, sentence }) =>
        `| “${claim.quote}” | **${VERDICTS[verdict]}** | ${sentence} |`,
    ),
  ].join('\n');
}

/** @param {import('./measured.mjs').Measured} measured */
function renderLikeForLike(measured) {
  const [section] = measured.sections;
  if (!section) return 'Nothing was measured.';
  const cells = section.cells.filter(
    ({ mode, size }) => ['rr', 'pipelined'].includes(mode) && SIZES_IN_DOCS.includes(size),
  );
  return cells
    .flatMap((cell) =>
      Object.entries(STYLES).map(([style, title]) =>
        renderCell(
          `${cellTitle(cell)}: ${title}`,
          measured.rows(section, cell).filter(({ peer }) => peer.style === style || peer.isFloor),
        ),
      ),
    )
    .join('\n\n');
}

/**
 * One table, the fastest first. The ratios are to the fastest one that is not a floor.
 *
 * @param {string} title
 * @param {readonly import('./measured.mjs').Row[]} rows
 */
function renderCell(title, rows) {
  if (rows.some(({ memory }) => memory !== undefined)) return renderMemory(title, rows);
  const best = rows.find((row) => isMeasured(row) && !row.peer.isFloor);
  return [
    `**${title}**`,
    '',
    '| client | in | median | p99 | p99.9 | messages/s | CPU client, server (µs) | of the fastest |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map((row) => renderRow(row, best)),
  ].join('\n');
}

/**
 * @param {import('./measured.mjs').Row} row
 * @param {import('./measured.mjs').Row | undefined} best
 */
function renderRow(row, best) {
  const { peer, summary, failure, failures, rounds } = row;
  const head = `| ${nameText(row)} | ${kindText(peer)}`;
  if (!summary) return `${head} | ${failure} | | | | | |`;
  const partial =
    failures.length > 0
      ? ` (${failures.length} of ${rounds.size + failures.length} rounds failed: ${failures[0]})`
      : '';
  const interval = summary.medianInterval
    ? ` (${timeText(summary.medianInterval.low)} to ${timeText(summary.medianInterval.high)})`
    : '';
  return [
    head,
    `${timeText(summary.median)}${interval}${summary.outliers.length > 0 ? ' †' : ''}${partial}`,
    timeText(summary.p99),
    timeText(summary.p999),
    wholeText(summary.rate),
    `${threeDigits(summary.clientCpu)}, ${threeDigits(summary.serverCpu)}${summary.isServerSaturated ? ' !' : ''}`,
    `${row === best ? '1' : ratioText(slownessOf(row, best))} |`,
  ].join(' | ');
}

/** @param {import('./measured.mjs').Row} row */
function nameText(row) {
  return isWirespeed(row) ? `**${row.peer.label}**` : row.peer.label;
}

/**
 * @param {string} title
 * @param {readonly import('./measured.mjs').Row[]} rows
 */
function renderMemory(title, rows) {
  const sorted = [...rows].sort((a, b) => (a.memory ?? Infinity) - (b.memory ?? Infinity));
  return [
    `**${title}**`,
    '',
    '| | in | per connection |',
    '| --- | --- | ---: |',
    ...sorted.map(
      ({ peer, memory, failure }) =>
        `| ${peer.label} | ${kindText(peer)} | ${memory === undefined ? failure : bytesText(memory)} |`,
    ),
  ].join('\n');
}

/**
 * A short table for the front page: each client of Wirespeed in the smallest and the largest cells, beside the fastest other client of its style.
 *
 * @param {import('./measured.mjs').Measured} measured
 */
function renderReadme(measured) {
  const [section] = measured.sections;
  const cells = section?.cells.filter(({ size }) => SIZES_IN_DOCS.includes(size)) ?? [];
  const standings = listStandings(measured).filter((standing) => standing.section === section);
  const wirespeed = groupBy(standings, ({ ours }) => ours.peer);
  return [
    `| median, and the fastest other client of the same style | ${cells.map(cellTitle).join(' | ')} |`,
    `| --- |${' --- |'.repeat(cells.length)}`,
    ...[...wirespeed].map(([peer, all]) => {
      const fields = cells.map((cell) => {
        const [first] = all
          .filter((standing) => standing.cell === cell)
          .sort((a, b) => medianOf(a.rival) - medianOf(b.rival));
        return first ? `${timeText(medianOf(first.ours))}; ${standingText(first)}` : '–';
      });
      return `| **${peer.label}** (${peer.style}) | ${fields.join(' | ')} |`;
    }),
    '',
    ...(section ? renderMedians(measured, section, cells) : []),
  ].join('\n');
}

/**
 * The medians of all clients in a few cells. The fastest in the small pipelined cell comes first.
 *
 * @param {import('./measured.mjs').Measured} measured
 * @param {import('./measured.mjs').Section} section
 * @param {readonly import('../plans/cells.mjs').Cell[]} cells
 */
function renderMedians(measured, section, cells) {
  const columns = cells.map((cell) => ({ cell, rows: measured.rows(section, cell) }));
  const order = columns.find(({ cell }) => cell.mode === 'pipelined') ?? columns[0];
  const sorted = [...(order?.rows ?? [])].sort((a, b) => medianOf(a) - medianOf(b));
  return [
    `| client | in | ${cells.map(cellTitle).join(' | ')} |`,
    `| --- | --- |${' ---: |'.repeat(cells.length)}`,
    ...sorted.map((first) => {
      const { peer } = first;
      const medians = columns.map(({ rows }) => {
        const row = rows.find((other) => other.peer === peer);
        return row?.summary ? timeText(row.summary.median) : '–';
      });
      return `| ${nameText(first)} | ${kindText(peer)} | ${medians.join(' | ')} |`;
    }),
  ];
}

/** @param {import('./measured.mjs').Row} row */
function medianOf({ summary }) {
  return summary?.median ?? Number.NaN;
}

/** @param {import('./measured.mjs').Section} section */
export function sectionTitle({ title, server, isTls, isSameCore }) {
  const conditions = [
    isTls && !title.includes('TLS') && 'TLS',
    isSameCore && !title.includes('one core') && 'one core for both sides',
  ].filter(Boolean);
  const suffix = conditions.length > 0 ? ` (${conditions.join(', ')})` : '';
  return `${title}${suffix} · ${server === 'each' ? 'each server' : `server ${server}`}`;
}
