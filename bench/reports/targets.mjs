/** The table of targets: the figure to reach, the figure measured, and whether that is enough. */

import { TARGETS } from '../plans/target-figures.mjs';
import { judgeRatios } from '../samples/ratios.mjs';
import { factorText, figureText } from './wording.mjs';

/** @typedef {import('./measured.mjs').Round} Round */

/** Computes the figure of a round, by metric. @type {Record<string, (round: Round, size: number) => number>} */
const METRICS = {
  rate: ({ messages, elapsed }) => messages / elapsed,
  cpu: cpuPerMessage,
  time: ({ times }) => times.quantile(0.5),
  byteCost: (round, size) => cpuPerMessage(round) / size,
};

/**
 * @typedef {object} Judgement
 * @property {import('../plans/target-figures.mjs').Target} target
 * @property {{ median: number, low: number, high: number } | undefined} ratio ours to theirs
 * @property {boolean} isReached
 * @property {boolean} isClose whether the interval contains the bound
 * @property {string | undefined} absence why there is no ratio
 */

/**
 * Compares every target with what a run has measured.
 *
 * @param {import('./measured.mjs').Measured} measured
 * @param {readonly import('../plans/target-figures.mjs').Target[]} targets
 * @returns {Judgement[]}
 */
export function judgeTargets(measured, targets) {
  return targets.map((target) => {
    const [ours, theirs] = [target.ours, target.theirs].map((place) =>
      measured.row(place.section, place.cell, place.peer),
    );
    const ratio = ratioOf(target, ours, theirs);
    const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = target;
    const isWithin = (/** @type {number} */ value) => value >= atLeast && value <= atMost;
    return {
      target,
      ratio,
      isReached: ratio !== undefined && isWithin(ratio.median),
      isClose: ratio !== undefined && isWithin(ratio.low) !== isWithin(ratio.high),
      absence: ratio ? undefined : (ours?.failure ?? theirs?.failure ?? 'not measured'),
    };
  });
}

/** @param {import('./measured.mjs').Measured} measured */
export function hasTargets(measured) {
  return TARGETS.every(({ targets }) =>
    targets.every(({ ours }) => measured.section(ours.section) !== undefined),
  );
}

/** @param {import('./measured.mjs').Measured} measured */
export function renderTargets(measured) {
  return TARGETS.map(({ title, targets }) =>
    [
      `**${title}**`,
      '',
      '| | target | measured | |',
      '| --- | ---: | ---: | --- |',
      ...judgeTargets(measured, targets).map(renderJudgement),
    ].join('\n'),
  ).join('\n\n');
}

/**
 * Says in a line how many targets are reached.
 *
 * @param {import('./measured.mjs').Measured} measured
 */
export function summarizeTargets(measured) {
  const all = TARGETS.flatMap(({ targets }) => judgeTargets(measured, targets));
  const reached = all.filter(({ isReached }) => isReached).length;
  const close = all.filter(({ isReached, isClose }) => !isReached && isClose).length;
  return `${reached} of ${all.length} targets are reached; ${close} of the others are missed within the noise.`;
}

/** @param {Judgement} judgement */
function renderJudgement(judgement) {
  const { target, ratio, isReached } = judgement;
  const verdict = verdictText(judgement);
  const measured = ratio ? figureText(ratio) : '';
  const shown = isReached || !ratio ? verdict : verdict.replace('not reached', '**not reached**');
  return `| ${target.title} | ${boundText(judgement)} | ${measured} | ${shown} |`;
}

/** @param {Judgement} judgement */
export function boundText({ target: { atLeast, atMost } }) {
  if (atLeast === undefined) return `≤ ${factorText(atMost ?? 0)}×`;
  return `≥ ${factorText(atLeast)}×`;
}

/** @param {Judgement} judgement */
export function verdictText({ ratio, isReached, isClose, absence }) {
  if (!ratio) return String(absence);
  return `${isReached ? 'reached' : 'not reached'}${isClose ? ', within the noise' : ''}`;
}

/**
 * @param {import('../plans/target-figures.mjs').Target} target
 * @param {import('./measured.mjs').Row | undefined} ours
 * @param {import('./measured.mjs').Row | undefined} theirs
 */
function ratioOf({ metric, ...target }, ours, theirs) {
  if (!ours || !theirs) return undefined;
  if (metric === 'memory') {
    if (ours.memory === undefined || theirs.memory === undefined) return undefined;
    const ratio = ours.memory / theirs.memory;
    return { median: ratio, low: ratio, high: ratio };
  }
  const measure = /** @type {(round: Round, size: number) => number} */ (METRICS[metric]);
  const ratios = [...ours.rounds].flatMap(([number, round]) => {
    const other = theirs.rounds.get(number);
    return other
      ? measure(round, target.ours.cell.size) / measure(other, target.theirs.cell.size)
      : [];
  });
  return judgeRatios(ratios);
}

/** @param {Round} round */
function cpuPerMessage({ clientUser, clientSystem, messages }) {
  return (clientUser + clientSystem) / messages;
}
