/**
 * The program of a client process under Node.js, Bun and Deno. It takes its tasks as JSON in its only argument, and answers
 * each in JSON lines on stdout: `samples`, then `finished`. It ends after the last task, or with a line `failed` at the
 * first task that fails.
 */
import process from 'node:process';
import { perform } from './connections.mjs';

const SAMPLES_PER_LINE = 5000;
/** Milliseconds that a client may take to close after its measurement. */
const MAX_CLOSE_TIME = 1000;

const { module, options, url, serverPid, tasks } = JSON.parse(
  /** @type {string} */ (process.argv[2]),
);
let hasFailed = false;

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  const { run } = await import(`./${module}`);
  for (const task of tasks) {
    const drive = (/** @type {string} */ target, /** @type {unknown} */ exchange) =>
      run(target, exchange, waitFor, options);
    await answer(linesOf(await perform({ task: { ...task, serverPid }, url, run: drive })));
  }
  if (!hasFailed) process.exit(0);
} catch (error) {
  fail(error);
}

/**
 * Waits for a client to close, but not for long: its measurement has ended by then.
 *
 * @param {Promise<unknown>} closed
 */
function waitFor(closed) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, MAX_CLOSE_TIME);
    closed.then(() => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/** @param {import('./measure.mjs').Result} result */
function linesOf({ times, sends, receives, ...totals }) {
  const lines = [];
  for (let start = 0; start < times.length; start += SAMPLES_PER_LINE) {
    const end = start + SAMPLES_PER_LINE;
    lines.push({
      type: 'samples',
      times: times.slice(start, end),
      sends: sends?.slice(start, end),
      receives: receives?.slice(start, end),
    });
  }
  return [...lines, { type: 'finished', ...totals }];
}

/** @param {unknown} error */
async function fail(error) {
  if (hasFailed) return;
  hasFailed = true;
  await answer([
    { type: 'failed', reason: error instanceof Error ? describe(error) : String(error) },
  ]);
  process.exit(1);
}

/** @param {Error & { code?: unknown }} error */
function describe(error) {
  const code =
    typeof error.code === 'string' && !error.message.includes(error.code) ? ` (${error.code})` : '';
  return `${error.message || error.name}${code}`.split('\n')[0];
}

/** @param {object[]} lines */
function answer(lines) {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return new Promise((resolve) => {
    process.stdout.write(text, resolve);
  });
}
