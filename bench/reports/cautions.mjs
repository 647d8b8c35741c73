/** What keeps a run from saying as much as it seems to. */
import { MIN_ROUNDS } from '../samples/ratios.mjs';

/** Of each core: above this somebody else was at work. */
const MAX_LOAD_PER_CORE = 0.25;

/**
 * @param {import('./measured.mjs').Measured} measured
 * @returns {string[]} sentences
 */
export function cautionsOf(measured) {
  const { machine, rounds, sections } = measured;
  const { loadAverage = [], cores, isModified, options = {}, pinning = {} } = machine;
  const [load = 0] = loadAverage;
  const servers = new Map(
    (machine.servers ?? []).map((/** @type {any} */ facts) => [facts.name, facts]),
  );
  const partial = [...new Set(sections.map(({ server }) => server))].filter(
    (name) => servers.get(name)?.isNeutral === false,
  );
  return [
    rounds < MIN_ROUNDS &&
      `Fewer than ${MIN_ROUNDS} rounds decide nothing: every difference counts as a tie.`,
    rounds < options.rounds &&
      `The run was interrupted in round ${rounds} of ${options.rounds}: the last one is not whole.`,
    load > MAX_LOAD_PER_CORE * cores &&
      `The machine was busy when the run began (load ${load} on ${cores} cores): trust ratios before times, CPU before both, and measure again.`,
    pinning.isShared &&
      'Servers and clients may have shared a core: times include the server, and none can be told to be saturated.',
    isModified && 'The commit was changed when it was measured: what is in it is not all that was.',
    partial.length > 0 &&
      `Not every server is neutral: ${partial.join(', ')} is of somebody who is compared here.`,
  ].filter((text) => typeof text === 'string');
}
