/** Compares the speed with that of an earlier run, by the ratio of each client to ws in both runs. */

import { REFERENCE } from '../peers/catalogue.mjs';
import { cellTitle } from '../plans/cells.mjs';
import { groupBy } from './groups.mjs';
import { slownessOf } from './measured.mjs';
import { isWirespeed } from './standings.mjs';
import { figureText } from './wording.mjs';

/** The share of a ratio that may be lost. Smaller differences appear from one day to the next. */
const MAX_LOSS = 0.15;
const NAME_WIDTH = 20;
const RATIO_WIDTH = 22;

/** @typedef {import('./measured.mjs').Measured} Measured */
/** @typedef {import('../samples/ratios.mjs').Ratio} Ratio */

/**
 * @typedef {object} Comparison one client, or our server, in one cell
 * @property {import('./measured.mjs').Section} section
 * @property {import('./measured.mjs').Cell} cell
 * @property {string} label of the client
 * @property {Ratio | undefined} before the time of ws over the client's, in the earlier run
 * @property {Ratio | undefined} now the same in this run
 * @property {'kept' | 'noise' | 'lost' | 'unknown'} verdict `noise`: too much less, but the intervals of the two runs overlap
 * @property {string | undefined} absence why they cannot be compared
 */

/**
 * Compares every client and cell of a run with the same ones of an earlier run.
 *
 * @param {Measured} before
 * @param {Measured} now
 * @returns {Comparison[]}
 */
export function compareRuns(before, now) {
  return now.sections.flatMap((section) =>
    section.cells.flatMap((cell) =>
      section.peers
        .map((name) => now.peer(name))
        .filter((peer) => isWirespeed({ peer }))
        .map(({ name, label }) => {
          const ratios = {
            before: ratioToReference(before, section.name, cell, name),
            now: ratioToReference(now, section.name, cell, name),
          };
          const absence =
            absenceNow(now, section.name, cell, name, ratios.now) ??
            absenceBefore(before, section, ratios.before);
          const verdict = absence === undefined ? judge(ratios) : 'unknown';
          return { section, cell, label, ...ratios, verdict, absence };
        }),
    ),
  );
}

/**
 * Says whether a ratio was lost: it has to be less by more than `MAX_LOSS`, and the two intervals must not overlap.
 *
 * @param {{ before: Ratio | undefined, now: Ratio | undefined }} ratios
 */
function judge({ before, now }) {
  if (!before || !now || changeOf(before, now) >= -MAX_LOSS) return 'kept';
  return now.high < before.low ? 'lost' : 'noise';
}

/**
 * @param {Ratio} before
 * @param {Ratio} now
 * @returns {number} below 0 for a loss
 */
function changeOf(before, now) {
  return now.median / before.median - 1;
}

/**
 * @param {Measured} measured
 * @param {string} section
 * @param {import('./measured.mjs').Cell} cell
 * @param {string} peer
 */
function ratioToReference(measured, section, cell, peer) {
  return slownessOf(measured.row(section, cell, REFERENCE), measured.row(section, cell, peer));
}

/**
 * @param {Measured} now
 * @param {string} section
 * @param {import('./measured.mjs').Cell} cell
 * @param {string} peer
 * @param {Ratio | undefined} ratio
 */
function absenceNow(now, section, cell, peer, ratio) {
  if (ratio) return ratio.isDecidable ? undefined : 'too few rounds to tell';
  const failures = [peer, REFERENCE].flatMap((name) => {
    const failure = now.row(section, cell, name)?.failure;
    return failure === undefined ? [] : `${name}: ${failure}`;
  });
  return failures[0] ?? 'not measured';
}

/**
 * @param {Measured} before
 * @param {import('./measured.mjs').Section} section
 * @param {Ratio | undefined} ratio
 */
function absenceBefore(before, { name, server }, ratio) {
  const earlier = before.section(name);
  if (earlier && earlier.server !== server) return `then on the server of ${earlier.server}`;
  if (!ratio) return 'not in the earlier run';
  return ratio.isDecidable ? undefined : 'too few rounds in the earlier run';
}

/**
 * Whether nothing was lost. False if nothing could be compared.
 *
 * @param {readonly Pick<Comparison, 'verdict'>[]} comparisons
 */
export function isPassed(comparisons) {
  const isCompared = comparisons.some(({ verdict }) => verdict !== 'unknown');
  return isCompared && comparisons.every(({ verdict }) => verdict !== 'lost');
}

/**
 * Lists what differs between the two runs and may change a ratio.
 *
 * @param {Measured} before
 * @param {Measured} now
 * @returns {string[]}
 */
function differences(before, now) {
  const facts = [before, now].map(({ machine }) => ({
    CPU: machine.cpu,
    cores: machine.cores,
    'Node.js': machine.versions?.node,
    ws: machine.versions?.ws,
    bufferutil: machine.versions?.bufferutil,
    Bun: machine.versions?.bun,
  }));
  const [earlier = {}, later = {}] = /** @type {Record<string, unknown>[]} */ (facts);
  return Object.keys(later)
    .filter((name) => earlier[name] !== later[name])
    .map((name) => `${name}: ${earlier[name] ?? 'none'} then, ${later[name] ?? 'none'} now`);
}

/**
 * @param {readonly Comparison[]} comparisons
 * @param {Measured} before
 * @param {Measured} now
 * @param {string} path of the earlier run's samples
 */
export function renderGuard(comparisons, before, now, path) {
  const { commit, date } = before.machine;
  const differing = differences(before, now);
  const sections = groupBy(comparisons, ({ section }) => section);
  return [
    `Speed as the ratio to ${REFERENCE} in the same round, with the interval that holds it with 90 % confidence,`,
    `compared with ${path} (commit ${commit}, ${date}).`,
    ...(differing.length > 0 ? [`Not the same in both runs: ${differing.join('; ')}.`] : []),
    '',
    lineOf('', 'before', 'now', ''),
    ...[...sections].flatMap(([{ title, server }, ofSection]) => [
      `${title} (server: ${server})`,
      ...[...groupBy(ofSection, ({ cell }) => cell)].flatMap(([cell, ofCell]) => [
        `  ${cellTitle(cell)}`,
        ...ofCell.map((each) =>
          lineOf(each.label, shown(each.before), shown(each.now), verdictText(each)),
        ),
      ]),
    ]),
    '',
    ...summaryLines(comparisons),
  ].join('\n');
}

/** @param {readonly Comparison[]} comparisons */
function summaryLines(comparisons) {
  const of = (/** @type {Comparison['verdict']} */ verdict) =>
    comparisons.filter((each) => each.verdict === verdict);
  const [lost, noise, unknown] = [of('lost'), of('noise'), of('unknown')];
  const compared = comparisons.length - unknown.length;
  const bound = `more than ${MAX_LOSS * 100} %`;
  if (compared === 0) return ['Nothing could be compared: see above.'];
  return [
    ...(unknown.length > 0
      ? [`${unknown.length} of ${comparisons.length} could not be compared: see above.`]
      : []),
    ...(noise.length > 0
      ? [`${noise.length} of ${compared} are less by ${bound}, but within the noise of the runs.`]
      : []),
    lost.length > 0
      ? `${lost.length} of ${compared} have lost ${bound}, outside the noise of both runs:`
      : `None of ${compared} has lost ${bound} outside the noise.`,
    ...lost.map(
      ({ section, cell, label, before, now }) =>
        `  ${cellTitle(cell)}, ${section.title}, ${label}: ${shown(before)} before, ${shown(now)} now`,
    ),
  ];
}

/** @param {Comparison} comparison */
function verdictText({ before, now, verdict, absence }) {
  if (!before || !now || absence !== undefined) return absence ?? '';
  const percent = Math.round(changeOf(before, now) * 100);
  const change = `${percent < 0 ? '−' : '+'}${Math.abs(percent)} %`;
  if (verdict === 'lost') return `${change}, LOST`;
  return verdict === 'noise' ? `${change}, within the noise` : change;
}

/** @param {Ratio | undefined} ratio */
function shown(ratio) {
  return ratio ? figureText(ratio) : '–';
}

/**
 * @param {string} name
 * @param {string} before
 * @param {string} now
 * @param {string} verdict
 */
function lineOf(name, before, now, verdict) {
  const ratios = before.padStart(RATIO_WIDTH) + now.padStart(RATIO_WIDTH);
  return `    ${name.padEnd(NAME_WIDTH)}${ratios}   ${verdict}`.trimEnd();
}
