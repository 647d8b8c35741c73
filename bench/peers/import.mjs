/**
 * Measures the first import of a module, each time in a process of its own. Its arguments are the module, the file from
 * which it is resolved, and the work as JSON. It answers as `driver.mjs` does. A sample is one import, without the start
 * of its process.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const PROCESSES = 10;

const [specifier = '', base = '', work = ''] = process.argv.slice(2);
const { tasks } = JSON.parse(work);
const url = pathToFileURL(createRequire(base).resolve(specifier)).href;
const program = `
  const begun = performance.now();
  const before = process.cpuUsage();
  await import(${JSON.stringify(url)});
  const elapsed = (performance.now() - begun) * 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ elapsed, user, system }));
`;

for (let i = 0; i < tasks.length; i++) {
  importOnce();
  const times = [];
  const totals = { messages: 0, elapsed: 0, clientUser: 0, clientSystem: 0 };
  while (times.length < PROCESSES) {
    const { elapsed, user, system } = importOnce();
    times.push(elapsed);
    totals.messages++;
    totals.elapsed += elapsed;
    totals.clientUser += user;
    totals.clientSystem += system;
  }
  answer({ type: 'samples', times });
  answer({ type: 'finished', ...totals });
}

/** @returns {{ elapsed: number, user: number, system: number }} µs */
function importOnce() {
  const args = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** @param {object} line */
function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
