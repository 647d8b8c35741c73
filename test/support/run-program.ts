/**
 * Runs a program in a process of its own, where `wirespeed` can be imported by its name.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AUTHORITY = fileURLToPath(new URL('./certificates/authority.pem', import.meta.url));

/** How a program ended. */
export interface Outcome {
  /** The exit code; null if it had to be killed. */
  code: number | null;
  /** The lines it printed. */
  lines: string[];
  stderr: string;
  /** Milliseconds from its last line to its end. */
  lingered: number;
}

/** How a program is run. */
export interface ProgramOptions {
  /** Environment variables, added to those of the tests. */
  env?: NodeJS.ProcessEnv;
  /** Flags of Node.js. */
  flags?: readonly string[];
  /** Called with the first line that it prints, while it runs on. */
  onFirstLine?: (line: string) => void;
  /** Called as soon as it has ended. */
  onExit?: () => void;
  /** Milliseconds after which it is killed. Default ten seconds. */
  limit?: number;
  /** The folder it runs in. Default the package's own. */
  cwd?: string;
}

/**
 * Runs the source of an ES module in a process of its own. It trusts the tests' certificate authority, and
 * is killed after `limit`, ten seconds by default.
 */
export function runProgram(source: string, options: ProgramOptions = {}): Promise<Outcome> {
  return run(['--input-type=module', '--eval', source], options);
}

/** Runs a file as {@link runProgram} runs a source. */
export function runFile(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  return run([file, ...args], options);
}

function run(
  program: readonly string[],
  { env = {}, flags = [], onFirstLine, onExit, limit = 10_000, cwd = ROOT }: ProgramOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, ...program], {
      cwd,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: AUTHORITY, ...env },
    });
    let stdout = '';
    let stderr = '';
    let lastHeard = performance.now();
    child.stdout.on('data', (chunk) => {
      const isFirst = !stdout.includes('\n');
      stdout += chunk;
      if (isFirst && stdout.includes('\n')) onFirstLine?.(stdout.slice(0, stdout.indexOf('\n')));
      lastHeard = performance.now();
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const timer = setTimeout(() => child.kill(), limit);
    child.on('exit', () => onExit?.());
    child.on('close', (code) => {
      clearTimeout(timer);
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code, lines, stderr, lingered: performance.now() - lastHeard });
    });
  });
}
