import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** An import that must be refused, and by which rule. A name without a path is a module. */
const forbidden: readonly (readonly [from: string, to: string, rule: string])[] = [
  ['src/inspection.ts', 'src/errors.ts', 'inspection-direction'],
  ['src/inspection.ts', 'node:util', 'core-without-node'],
  ['src/errors.ts', 'src/options/options.ts', 'errors-direction'],
  ['src/errors.ts', 'node:util', 'core-without-node'],
  ['src/http-token.ts', 'src/errors.ts', 'http-token-direction'],
  ['src/options/options.ts', 'src/protocol/frame.ts', 'options-direction'],
  ['src/options/checks.ts', 'src/protocol/frame.ts', 'options-direction'],
  ['src/dial/target.ts', 'src/options/checks.ts', 'options-parts'],
  ['src/options/options.ts', 'node:net', 'network-only-in-some-folders'],
  ['src/diagnostics.ts', 'src/errors.ts', 'diagnostics-direction'],
  ['src/kernels/node.ts', 'src/options/options.ts', 'kernels-direction'],
  ['src/kernels/wasm.ts', 'src/protocol/frame.ts', 'kernels-direction'],
  ['src/kernels/wasm.ts', 'node:buffer', 'core-without-node'],
  ['src/protocol/session.ts', 'src/options/options.ts', 'protocol-direction'],
  ['src/protocol/session.ts', 'src/kernels/wasm.ts', 'protocol-direction'],
  ['src/protocol/session.ts', 'src/kernels/node.ts', 'protocol-direction'],
  ['src/protocol/opening/client.ts', 'src/transport/driver.ts', 'protocol-direction'],
  ['src/protocol/session.ts', 'node:buffer', 'core-without-node'],
  ['src/protocol/opening/key.ts', 'crypto', 'core-without-node'],
  ['src/transport/driver.ts', 'src/client/async.ts', 'transport-direction'],
  ['src/transport/driver.ts', 'src/connection/lending.ts', 'transport-direction'],
  ['src/transport/driver.ts', 'src/dial/target.ts', 'transport-direction'],
  ['src/transport/driver.ts', 'src/entries/server.ts', 'entries-on-top'],
  ['src/connection/lending.ts', 'src/dial/target.ts', 'connection-direction'],
  ['src/connection/lending.ts', 'src/blocking/lent-driver.ts', 'connection-direction'],
  ['src/connection/lending.ts', 'node:net', 'network-only-in-some-folders'],
  ['src/dial/target.ts', 'src/connection/data.ts', 'dial-direction'],
  ['src/blocking/sync-driver.ts', 'src/client/sync.ts', 'blocking-direction'],
  ['src/client/async.ts', 'src/client/events.ts', 'clients-apart'],
  ['src/client/async-queue.ts', 'src/client/sync.ts', 'clients-apart'],
  ['src/client/sync.ts', 'src/client/async-queue.ts', 'clients-apart'],
  ['src/client/shared.ts', 'src/client/sync.ts', 'clients-on-top'],
  ['src/client/events.ts', 'src/server/serve.ts', 'client-direction'],
  ['src/client/events.ts', 'src/entries/index.ts', 'client-direction'],
  ['src/client/events.ts', 'node:net', 'network-only-in-some-folders'],
  ['src/client/sync.ts', 'node:worker_threads', 'network-only-in-some-folders'],
  ['src/client/sync.ts', 'node:wasi', 'network-only-in-some-folders'],
  ['src/client/async.ts', 'node:dns/promises', 'network-only-in-some-folders'],
  ['src/client/async.ts', 'node:zlib', 'network-only-in-some-folders'],
  ['src/server/serve.ts', 'src/client/events.ts', 'server-direction'],
  ['src/server/serve.ts', 'src/dial/target.ts', 'server-direction'],
  ['src/server/serve.ts', 'src/blocking/sync-driver.ts', 'server-direction'],
  ['src/entries/index.ts', 'src/client/sync.ts', 'index-without-other-clients'],
  ['src/entries/index.ts', 'src/server/serve.ts', 'index-without-other-clients'],
  ['src/entries/index.ts', 'src/blocking/sync-driver.ts', 'entries-direction'],
  ['src/cli/main.ts', 'src/protocol/frame.ts', 'cli-direction'],
  ['src/cli/main.ts', 'src/client/sync.ts', 'cli-direction'],
  ['src/transport/driver.ts', 'ws', 'no-dependencies'],
  ['src/transport/driver.ts', './nowhere.ts', 'resolvable'],
];

/** Imports that must pass: one for each arrow. */
const allowed: readonly (readonly [from: string, to: string])[] = [
  ['src/errors.ts', 'src/inspection.ts'],
  ['src/options/options.ts', 'src/errors.ts'],
  ['src/options/headers.ts', 'src/http-token.ts'],
  ['src/protocol/opening/head.ts', 'src/http-token.ts'],
  ['src/options/options.ts', 'src/options/checks.ts'],
  ['src/kernels/node.ts', 'node:buffer'],
  ['src/protocol/frame.ts', 'src/errors.ts'],
  ['src/protocol/frame.ts', 'src/kernels/kernels.ts'],
  ['src/protocol/frame.ts', 'src/kernels/scalar.ts'],
  ['src/protocol/session.ts', 'src/protocol/opening/client.ts'],
  ['src/transport/driver.ts', 'src/protocol/frame.ts'],
  ['src/transport/driver.ts', 'src/kernels/node.ts'],
  ['src/transport/driver.ts', 'src/options/options.ts'],
  ['src/transport/driver.ts', 'node:tls'],
  ['src/dial/target.ts', 'src/transport/driver.ts'],
  ['src/dial/open-socket.ts', 'node:tls'],
  ['src/connection/lending.ts', 'src/transport/driver.ts'],
  ['src/blocking/sync-driver.ts', 'src/connection/lending.ts'],
  ['src/blocking/sync-driver.ts', 'src/dial/target.ts'],
  ['src/blocking/calls/wasi.ts', 'node:wasi'],
  ['src/client/async-queue.ts', 'src/client/shared.ts'],
  ['src/client/async.ts', 'src/client/async-queue.ts'],
  ['src/client/async.ts', 'src/dial/target.ts'],
  ['src/client/async.ts', 'src/connection/lending.ts'],
  ['src/client/async.ts', 'src/protocol/frame.ts'],
  ['src/client/sync.ts', 'src/blocking/sync-driver.ts'],
  ['src/server/serve.ts', 'src/connection/lending.ts'],
  ['src/server/listener.ts', 'node:net'],
  ['src/entries/index.ts', 'src/client/async.ts'],
  ['src/entries/index.ts', 'src/errors.ts'],
  ['src/entries/server.ts', 'src/server/serve.ts'],
  ['src/cli/main.ts', 'src/entries/index.ts'],
  ['src/cli/main.ts', 'src/entries/server.ts'],
  ['src/cli/main.ts', 'node:util'],
];

/** Writes a project whose files have just these imports, and returns what the cruiser objects to. */
async function cruise(imports: readonly (readonly string[])[]): Promise<Violation[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirespeed-imports-'));
  try {
    const contents = new Map<string, string>();
    for (const [from = '', to = ''] of imports) {
      const isFile = to.startsWith('src/');
      const specifier = isFile ? relative(dirname(from), to) : to;
      const path = isFile && !specifier.startsWith('.') ? `./${specifier}` : specifier;
      contents.set(from, `${contents.get(from) ?? ''}import '${path}';\n`);
      if (isFile && !contents.has(to)) contents.set(to, '');
    }
    for (const [path, content] of contents) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    await writeFile(join(folder, 'tsconfig.json'), '{}');
    await writeFile(join(folder, 'package.json'), '{ "dependencies": { "ws": "*" } }');
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [cruiser, '--config', join(root, '.dependency-cruiser.mjs'), '-T', 'json', 'src'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    ).catch((error: { stdout: string }) => error);
    return JSON.parse(stdout).summary.violations;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the import directions', () => {
  let violations: Violation[];
  let objections: Violation[];

  beforeAll(async () => {
    [violations, objections] = await Promise.all([cruise(forbidden), cruise(allowed)]);
  }, 60_000);

  it.each(forbidden)('refuse that %s imports %s (%s)', (from, to, rule) => {
    const end = to.replace(/^(?:node:|\.\/)/, '');
    const found = violations
      .filter((each) => each.from === from && each.to.includes(end))
      .map((each) => each.rule.name);
    expect(found).toContain(rule);
  });

  it('refuse files that import each other', () => {
    expect(violations.map((each) => each.rule.name)).toContain('no-cycles');
  });

  it('let every other import pass', () => {
    expect(objections).toEqual([]);
  });
});
