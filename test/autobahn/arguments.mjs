/** The command line of the conformance tests: pure, so that it is tested without running anything. */
import { parseArgs } from 'node:util';

/** Who is tested, in the order of the table: the three clients, then the server. */
export const AGENTS = ['async', 'events', 'sync', 'server'];

const CASES = /^\d+(\.\d+)*(\.\*)?$/;

export const HELP = `Usage: npm run test:autobahn -- [options]

Runs the Autobahn testsuite against the three clients and the server, and compares its verdicts
with those in test/autobahn/expected.json.

Options:
  --setup             install the suite into test/autobahn/.local (needs Python 2.7), and stop
  --cases LIST        only these cases, such as 1.*,2.* or 5.19 (default all)
  --agent LIST         only these of ${AGENTS.join(', ')} (default all)
  --update            write the verdicts to expected.json instead of comparing them
  --help              this text
`;

/** A command line that cannot be followed; the message is for the user. */
export class UsageError extends Error {
  name = 'UsageError';
}

/**
 * Reads the command line.
 *
 * @param {string[]} args
 * @throws {UsageError}
 */
export function parseArguments(args) {
  const values = parseValues(args);
  const cases = list(values.cases ?? '*');
  const agents = list(values.agent ?? AGENTS.join());
  for (const pattern of cases) {
    if (pattern !== '*' && !CASES.test(pattern)) {
      throw new UsageError(`--cases takes numbers such as 5.19 or 1.*, not '${pattern}'`);
    }
  }
  for (const agent of agents) {
    if (!AGENTS.includes(agent)) {
      throw new UsageError(`--agent takes ${AGENTS.join(', ')}, not '${agent}'`);
    }
  }
  return {
    agents: AGENTS.filter((agent) => agents.includes(agent)),
    cases,
    isSetup: values.setup === true,
    isUpdate: values.update === true,
    isHelp: values.help === true,
  };
}

function parseValues(args) {
  try {
    return parseArgs({
      args,
      options: {
        setup: { type: 'boolean' },
        cases: { type: 'string' },
        agent: { type: 'string' },
        update: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function list(text) {
  return text.split(',').map((item) => item.trim());
}
