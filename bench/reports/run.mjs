/** `npm run bench:report -- FILE`: makes the reports of a run with a plan from its samples. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Measured, readRecords } from './measured.mjs';
import { shortPath, writeDocuments, writeReports } from './write.mjs';

const USAGE = `Usage: npm run bench:report -- FILE [flags]

Makes a page of charts (HTML) and a report in Markdown from the samples that npm run bench -- --seed and the
other plans write (JSON lines, packed by gzip or not). It writes both beside the samples.

  --out directory   writes them there instead
  --docs            fills the marked blocks of README.md, docs/benchmark.md and docs/performance.md as well
  --earlier FILE    with --docs: samples of another run of the same plan, to say whether the two agree
  --help            this text
`;

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench:report: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/** @param {string[]} args */
function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      docs: { type: 'boolean', default: false },
      earlier: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [path] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const isForNothing = values.earlier !== undefined && !values.docs;
  if (path === undefined || positionals.length > 1 || isForNothing) {
    process.stderr.write(USAGE);
    return 2;
  }
  const earlier =
    values.earlier === undefined ? undefined : new Measured(readRecords(values.earlier));
  const { measured, written } = writeReports(path, values.out);
  const documents = values.docs ? writeDocuments(measured, earlier) : [];
  for (const file of [...written, ...documents]) process.stdout.write(`${shortPath(file)}\n`);
  return 0;
}
