/** Lists the conditions of a run that limit what its figures show. */
import { MIN_ROUNDS } from '../samples/ratios.mjs';

/** The load of each core above which other programs were at work. */
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
      `The machine was busy when the run began (load ${load} on ${cores} cores). Trust ratios more than times, and CPU more than ratios, and measure again.`,
    pinning.isShared &&
      'Servers and clients may have shared a core: times include the server, and nobody can see whether a server was saturated.',
    isModified && 'The commit was measured with uncommitted changes on top of it.',
    partial.length > 0 &&
      `Not every server is neutral. By the authors of clients that are compared here: ${partial.join(', ')}.`,
  ].filter((text) => typeof text === 'string');
}
