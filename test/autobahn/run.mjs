/** `npm run test:autobahn`: the Autobahn testsuite against every client and the server. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { killChildren } from '../../bench/harness/child.mjs';
import { runAgent } from './agents.mjs';
import { HELP, parseArguments, UsageError } from './arguments.mjs';
import { Progress } from './progress.mjs';
import { findSuite, reportFolder, SetupError, setUp } from './suite.mjs';
import {
  compareVerdicts,
  describeVerdict,
  mergeVerdicts,
  renderTable,
  serializeExpectations,
} from './verdicts.mjs';

const EXPECTED = fileURLToPath(new URL('expected.json', import.meta.url));

for (const signal of ['SIGINT', 'SIGTERM']) {
  // Exiting ends the child processes.
  process.once(signal, () => process.exit(130));
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isForUser = error instanceof UsageError || error instanceof SetupError;
  process.stderr.write(isForUser ? `${error.message.trim()}\n` : `${error.stack}\n`);
  process.exitCode = isForUser ? 2 : 1;
} finally {
  killChildren();
}

async function main(args) {
  const options = parseArguments(args);
  if (options.isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.isSetup) {
    setUp();
    process.stdout.write('installed; run it: npm run test:autobahn\n');
    return 0;
  }
  const python = findSuite();
  const expected = existsSync(EXPECTED) ? JSON.parse(readFileSync(EXPECTED, 'utf8')) : {};
  const results = [];
  for (const agent of options.agents) {
    const folder = reportFolder(agent);
    const progress = new Progress(agent);
    const cases = await runAgent(agent, python, folder, options.cases, progress);
    progress.end();
    results.push({ agent, folder, cases, verdicts: readVerdicts(folder, agent) });
  }
  process.stdout.write(`\n${renderTable(results)}`);
  for (const { agent, folder } of results) {
    process.stdout.write(`\nreport of ${agent}: ${shortPath(join(folder, 'index.html'))}`);
  }
  process.stdout.write('\n\n');
  return options.isUpdate ? update(expected, results) : compare(expected, results);
}

/** The suite's verdicts, with the path of the page on each case. */
function readVerdicts(folder, agent) {
  const path = join(folder, 'index.json');
  if (!existsSync(path)) return {};
  return JSON.parse(readFileSync(path, 'utf8'))[agent] ?? {};
}

function compare(expected, results) {
  let count = 0;
  for (const { agent, folder, cases, verdicts } of results) {
    for (const difference of compareVerdicts(cases, verdicts, expected[agent] ?? {})) {
      const { id, actual } = difference;
      const page = actual && shortPath(join(folder, actual.reportfile.replace('.json', '.html')));
      process.stdout.write(
        `${agent} ${id}: expected ${describeVerdict(difference.expected)}; got ${describeVerdict(actual)}` +
          `${page === undefined ? '' : `; ${page}`}\n`,
      );
      count++;
    }
  }
  process.stdout.write(
    count === 0
      ? 'every verdict is the expected one\n'
      : `${count} verdicts are not the expected ones; if they should be: --update\n`,
  );
  return count === 0 ? 0 : 1;
}

function update(expected, results) {
  for (const { agent, cases, verdicts } of results) {
    expected[agent] = mergeVerdicts(expected[agent] ?? {}, cases, verdicts);
  }
  writeFileSync(EXPECTED, serializeExpectations(expected));
  const all = Object.entries(expected).map(([agent, verdicts]) => ({ agent, verdicts }));
  process.stdout.write(`${shortPath(EXPECTED)} is updated; for the README:\n\n${renderTable(all)}`);
  return 0;
}

function shortPath(path) {
  return relative(process.cwd(), path);
}
