/**
 * The page of the sync client, docs/sync.md, does what it shows: each of its programs runs, and a REPL
 * answers as it says.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ECHO, peer } from '../support/peer/index.ts';

const PAGE = fileURLToPath(new URL('../../docs/sync.md', import.meta.url));
const text = readFileSync(PAGE, 'utf8');
/** Programs by the ways in which the page says that the sync client can be used. */
const WAYS: Readonly<Record<string, RegExp>> = {
  'a script': /^import \{ connect \} from 'wirespeed\/sync';\n\nconst ws/,
  CommonJS: /require\('wirespeed\/sync'\)/,
  'a worker thread': /new Worker/,
  'a test': /from 'node:test'/,
  'a handler of Ctrl-C': /process\.on\('SIGINT'/,
  'a connection of the async client': /toAsync/,
};

/** Inside the package, where its own name leads to it. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(fileURLToPath(new URL('sync-page-', import.meta.url)));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
});

/** Returns the blocks of code of one kind. */
function blocks(kind: string): string[] {
  const pattern = new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(pattern)].map(([, code]) => code as string);
}

/** Puts a peer that echoes in the place of the servers that the page names. */
function withPeer(code: string): string {
  const { url } = peer.script('plain', { steps: [ECHO] });
  return code.replace(/wss?:\/\/[^']+/g, url);
}

/** Runs Node.js; it is sent the signal, if there is one, once it has printed something. */
async function run(
  args: readonly string[],
  input = '',
  signal?: NodeJS.Signals,
): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      if (signal !== undefined) child.kill(signal);
    });
  }
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('the page of the sync client', () => {
  it('shows every way to use it, and no program besides', () => {
    const programs = blocks('js');
    for (const pattern of Object.values(WAYS)) {
      expect(programs.filter((program) => pattern.test(program))).toHaveLength(1);
    }
    expect(programs).toHaveLength(Object.keys(WAYS).length);
  });

  it.each(Object.entries(WAYS))('has a program that runs as it stands: %s', async (_, pattern) => {
    const program = blocks('js').find((each) => pattern.test(each)) as string;
    const isCommonJs = program.includes('require(');
    const file = join(folder, isCommonJs ? 'program.cjs' : 'program.mjs');
    writeFileSync(file, withPeer(program));
    const signal = program.includes('SIGINT') ? 'SIGINT' : undefined;
    const { code, output } = await run([file], '', signal);
    expect(output).toMatch(program.includes('node:test') ? /\n# pass 1\n|ℹ pass 1\n/ : /^hello\n$/);
    expect(code).toBe(0);
  });

  it('shows what a REPL answers', async () => {
    const [session] = blocks('').filter((block) => block.startsWith('$ node\n'));
    const lines = (session as string).split('\n').slice(1);
    const input = lines.filter((line) => line.startsWith('> ')).map((line) => line.slice(2));
    const { code, output } = await run(['-i'], withPeer(`${input.join('\n')}\n`));
    // A REPL whose input is no terminal does not show it.
    const answers = lines.filter((line) => !line.startsWith('> '));
    const said = output.slice(output.indexOf('> ')).replace(/^(> )+/gm, '');
    expect(said.trim().split('\n')).toEqual(answers.filter((line) => line !== ''));
    expect(code).toBe(0);
  });

  it('leads to files that are there', () => {
    const links = [...text.matchAll(/\]\((\.\.\/[^)#]+)/g)].map(([, path]) => path as string);
    expect(links.length).toBeGreaterThan(4);
    expect(links.filter((path) => !existsSync(join(dirname(PAGE), path)))).toEqual([]);
  });
});
