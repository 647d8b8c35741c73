/** Starts child processes. None of them outlives the benchmark, and each reports why it ended. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MAX_STDERR_CHARACTERS = 4096;

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

process.on('exit', killChildren);

/** Ends every child at once. */
export function killChildren() {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * Starts a process and hands each line of its stdout to `onLine`.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {(line: string) => void} onLine
 * @param {Record<string, string>} [env] on top of what is inherited
 */
export function startChild(command, args, onLine, env) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...childEnvironment(), ...env },
  });
  children.add(child);
  let stderr = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  /** @type {Promise<string>} why it ended */
  const ended = new Promise((resolve) => {
    child.on('error', (error) => {
      children.delete(child);
      resolve(`could not be started: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      children.delete(child);
      resolve(describeEnd(code, signal, stderr));
    });
  });
  return { child, ended };
}

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 * @param {string} stderr
 */
export function describeEnd(code, signal, stderr) {
  const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
  const said = lastWords(stderr);
  return said ? `${how}: ${said}` : how;
}

/**
 * Returns the line of stderr that most likely says what went wrong: the last one that names an error, or else
 * the last one.
 *
 * @param {string} stderr
 */
function lastWords(stderr) {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return (
    lines.findLast((line) => /^(\w*Error|error|panic|fatal)\b.*:/i.test(line)) ?? lines.at(-1) ?? ''
  );
}

function childEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // These change the behaviour of some clients only, so the comparison would not be fair.
    if (/^((https?|all|no)_proxy|WS_NO_BUFFER_UTIL|NODE_OPTIONS)$/i.test(name)) delete env[name];
  }
  return {
    ...env,
    DENO_DIR: fileURLToPath(new URL('../.local/deno', import.meta.url)),
    DENO_NO_PACKAGE_JSON: '1',
    DENO_NO_UPDATE_CHECK: '1',
    DO_NOT_TRACK: '1',
    NO_COLOR: '1',
  };
}
