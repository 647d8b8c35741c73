// Checks the project by scripts of package.json. Prints a line per step with its time, the output of a
// step only if it fails, and the number of tests at the end.
//
//   npm test            everything: of the tests that take long, or are the same in many ways, a sample
//   npm run test:all    everything, whole
//   npm run test:quick  the tests of the core, and the contract suite with the async client
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'wirespeed-check-'));
const isQuick = process.argv.includes('--quick');
if (process.argv.includes('--all')) process.env.WIRESPEED_TEST_ALL = '1';
const failed = [];
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command. Returns its output, and whether it succeeded. */
function run(command) {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const child = spawn(command, {
    cwd: root,
    env: { ...process.env, PATH: path, NO_COLOR: '1' },
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ output, isSuccess: code === 0 }));
  });
}

/** Runs a script of package.json. Returns its output, and whether it succeeded. */
async function step(name, ...args) {
  const start = performance.now();
  const { output, isSuccess } = await run([scripts[name], ...args].join(' '));
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  console.log(`${isSuccess ? 'ok    ' : 'FAILED'} ${seconds} s  ${name}`);
  if (!isSuccess) {
    failed.push(name);
    console.log(output);
  }
  return { output, isSuccess };
}

/** Runs steps side by side, as many at a time as there are processors. */
async function sideBySide(steps) {
  const waiting = [...steps];
  const work = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await run();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

/** Runs a script that runs vitest, adds its counts, and passes on which peers are missing. */
async function vitestStep(name) {
  const path = join(folder, `${name.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${path}`];
  const { output } = await step(name, ...reporters);
  for (const line of output.split('\n')) if (line.startsWith('skipped: ')) console.log(line);
  if (!existsSync(path)) return;
  const result = JSON.parse(readFileSync(path, 'utf8'));
  total.passed += result.numPassedTests;
  total.failed += result.numFailedTests;
  total.skipped += result.numPendingTests + result.numTodoTests;
}

async function benchTestStep() {
  countBenchTests((await step('bench:test')).output);
}

/** Adds what the test runner of Node.js has printed: `# pass 12` or, for people, `ℹ pass 12`. */
function countBenchTests(output) {
  const count = (key) => Number(output.match(new RegExp(`^[#ℹ] ${key} (\\d+)$`, 'm'))?.[1] ?? 0);
  total.passed += count('pass');
  total.failed += count('fail') + count('cancelled');
  total.skipped += count('skipped') + count('todo');
}

async function quickSteps() {
  process.env.WIRESPEED_TEST_FACES = 'async';
  process.env.WIRESPEED_TEST_WAYS = 'plain';
  await vitestStep('test:inner');
}

async function allSteps() {
  // What takes longest is begun first. None of these depends on how fast it runs.
  await sideBySide([
    () => step('check:lint'),
    () => vitestStep('test:core'),
    benchTestStep,
    ...['types', 'docs', 'api', 'package', 'unused', 'format', 'imports', 'size'].map(
      (name) => () => step(`check:${name}`),
    ),
  ]);
  // These run alone, so that nothing disturbs their timing.
  await vitestStep('test:clients');
  await vitestStep('test:interop');
}

try {
  const start = performance.now();
  if ((await step('build')).isSuccess) await (isQuick ? quickSteps() : allSteps());
  const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  if (failed.length > 0) {
    console.log(`failed after ${seconds} s: ${failed.join(', ')}`);
    process.exitCode = 1;
  } else {
    console.log(`all checks passed in ${seconds} s`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
} finally {
  rmSync(folder, { recursive: true });
}
