/** The text around the quick tables: what was measured on which machine, how to read it, and what is missing. */

import { REFERENCE } from '../peers/catalogue.mjs';
import { cellTitle } from '../plans/cells.mjs';
import { renderTable, wrap } from './table.mjs';
import { POLLING_NOTE } from './wording.mjs';

const INDENT = '          ';

/**
 * @typedef {object} Run
 * @property {import('../harness/arguments.mjs').BenchOptions} options
 * @property {ReturnType<typeof import('../harness/machine.mjs').describeMachine>} machine
 * @property {import('../harness/cores.mjs').Pinning} pinning
 * @property {import('../servers/catalogue.mjs').ServerProgram} server
 * @property {string | undefined} serverNote why it is another server than the one asked for
 * @property {import('../plans/cells.mjs').Cell[]} cells
 * @property {import('../peers/catalogue.mjs').Peer[]} peers
 */

/** @typedef {{ bold: (text: string) => string, dim: (text: string) => string }} Paint */

/**
 * @param {Run} run
 * @param {Paint} paint
 */
export function renderHeader({ options, machine, pinning, server, serverNote }, paint) {
  const { wirespeed, node, ws, bufferutil, undici, bun, deno } = machine.versions;
  const commit = machine.commit
    ? ` (commit ${machine.commit}${machine.isModified ? ', modified' : ''})`
    : '';
  const versions = [
    `wirespeed ${wirespeed}${commit}`,
    `Node.js ${node}`,
    ws && `ws ${ws}`,
    bufferutil && `bufferutil ${bufferutil}`,
    undici && `undici ${undici}`,
    bun && `Bun ${bun}`,
    deno && `Deno ${deno}`,
  ].filter(Boolean);
  const fields = {
    machine: `${machine.cpu}, ${machine.cores} cores, ${machine.system}; load average ${machine.loadAverage.join(', ')}`,
    versions: versions.join(', '),
    server: `${server.label}${serverNote ? ` (${serverNote})` : ''}; ${pinning.description}`,
    method:
      `${count(options.rounds, 'round')}, interleaved; a fresh process per client and round; in each cell a warm-up is ` +
      `discarded, then ${options.cellTime} ms or more are measured; binary, masked, uncompressed, no delay; every byte of every reply compared`,
  };
  return [
    paint.bold('Wirespeed benchmark: WebSocket clients against one echo server'),
    ...Object.entries(fields).map(([name, text]) => wrap(`${name.padEnd(9)} ${text}`, INDENT)),
  ].join('\n');
}

/**
 * @param {Run} run
 * @param {import('./quick-results.mjs').Results} results
 * @param {Paint} paint
 */
export function renderTables({ cells, peers }, results, paint) {
  return cells
    .map((cell) => {
      const { rows, notes } = results.table(peers, cell);
      const table = renderTable(`${cellTitle(cell)}: ${meaningOf(cell)}`, rows, paint);
      return [table, ...notes.map((note) => wrap(note, '  '))].join('\n');
    })
    .join('\n\n');
}

/** @param {import('../plans/cells.mjs').Cell} cell */
function meaningOf(cell) {
  return cell.mode === 'rr'
    ? 'one message in flight; a sample is one round trip'
    : '100 messages in flight; a sample is the mean over 100 replies';
}

/**
 * @param {Run} run
 * @param {readonly import('./table.mjs').Row[]} rows of all tables
 * @param {Paint} paint
 */
export function renderNotes({ peers, server, pinning }, rows, paint) {
  const notes = [
    `ratio: median time per message of ${REFERENCE} over the client's in the same round, so above 1 is faster; median of ` +
      'the rounds, and the interval that holds it with 90 % confidence (of 5 rounds: the whole range). ≈ is a tie: ' +
      'the interval includes 1, or the difference is under 2 %. messages/s is the mean, pauses included.',
    'Compare clients of the same style only: blocking, await and callback clients give their users different things.',
    POLLING_NOTE,
  ];
  if (rows.some(({ ratio }) => ratio?.isDecidable === false)) {
    notes.push('Fewer than 5 rounds decide nothing: a ratio over so few counts as a tie.');
  }
  if (rows.some((row) => row.isServerSaturated)) {
    notes.push(
      `! ${server.label} was busy for 90 % of the time or more, and busier than the client. That line measures the server: the client could be ` +
        'faster. The CPU per message of the client does not depend on it.',
    );
  }
  if (!peers.some((peer) => peer.name === REFERENCE))
    notes.push(`${REFERENCE} was not among the clients: no ratios.`);
  if (pinning.isShared)
    notes.push('Server and clients may share a core: the time per message includes the server.');
  notes.push('Other programs on this machine change the absolute figures. Trust the ratios more.');
  return notes.map((note) => paint.dim(wrap(note, '  '))).join('\n');
}

/**
 * The last line: what is missing, and how to get it. Variants are left out: each is missing if its client is.
 *
 * @param {readonly { label: string, missing?: string, hint?: string, isVariant?: boolean }[]} parts
 */
export function renderMissing(parts) {
  const byHint = new Map();
  for (const { label, missing, hint, isVariant } of parts) {
    if (!missing || isVariant) continue;
    const key = `${missing}; ${hint}`;
    byHint.set(key, [...new Set([...(byHint.get(key) ?? []), label])]);
  }
  if (byHint.size === 0) return 'Missing: nothing.';
  const groups = [...byHint].map(([how, labels]) => `${labels.join(', ')} (${how})`);
  return wrap(`Missing: ${groups.join('; ')}.`, '  ');
}

/**
 * @param {number} number
 * @param {string} noun
 */
function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
