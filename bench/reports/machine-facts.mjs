/** Describes in words what the figures depend on: the machine, the versions, the method. */

import { minuteText } from './wording.mjs';

/**
 * @param {import('./measured.mjs').Measured} measured
 * @returns {{ name: string, text: string }[]}
 */
export function machineFacts({ machine, rounds }) {
  const { versions, options, servers = [], commit, isModified } = machine;
  const version = (/** @type {[string, unknown]} */ [name, text]) => `${name} ${text}`;
  return [
    {
      name: 'machine',
      text: `${machine.cpu}, ${machine.cores} cores, ${(machine.memory / 2 ** 30).toFixed(0)} GiB; ${machine.system}`,
    },
    { name: 'date', text: minuteText(machine.date) },
    {
      name: 'commit',
      text: `${commit || 'none'}${isModified ? ', with changes on top' : ''}`,
    },
    {
      name: 'versions',
      text: Object.entries(versions)
        .filter(([, text]) => text)
        .map(version)
        .join(', '),
    },
    {
      name: 'servers',
      text: servers
        .filter((/** @type {any} */ { missing }) => !missing)
        .map((/** @type {any} */ { label, version: text, isNeutral }) =>
          [label, text, isNeutral ? '' : '(not neutral)'].filter(Boolean).join(' '),
        )
        .join(', '),
    },
    {
      name: 'cores',
      text: `${machine.pinning.description}; load before ${machine.loadAverage.join(', ')}`,
    },
    {
      name: 'method',
      text: `${rounds} of ${options.rounds} interleaved rounds, a fresh process per client and round, ${options.cellTime} ms or more per cell after a discarded warm-up`,
    },
    { name: 'flags', text: machine.flags.join(' ') },
  ];
}
