/**
 * A resumed TLS session checks no certificate. So no session is resumed if a full handshake would be refused: each
 * program below connects once, changes how certificates are checked, and must be refused.
 */
import { describe, expect, it } from 'vitest';
import { BLOCKING_IO } from '../support/blocking-io.ts';
import { sample } from '../support/extent.ts';
import { runProgram } from '../support/run-program.ts';
import { startServers } from '../support/servers.ts';

/** Of those whose TLS is done by this thread one stands for all. */
const SAMPLE = sample<readonly string[]>(BLOCKING_IO, ['wasi', 'worker']);
const CERTIFICATES = new URL('../support/certificates/', import.meta.url);

const ports = await startServers<{ asking: number; elsewhere: number }>('tls-reporter.mjs');

/**
 * Runs a program that may call `attempt(host, tls)`, which prints `full` or `resumed`, or the code of the error. `HERE`
 * has a certificate of `authority` for its name, `ELSEWHERE` one for another name.
 */
async function run(io: string, source: string): Promise<string[]> {
  const { lines, stderr } = await runProgram(
    `import { readFileSync } from 'node:fs';
    import tls from 'node:tls';
    import { connect } from 'wirespeed/sync';
    const file = (name) => readFileSync(new URL(name + '.pem', ${JSON.stringify(CERTIFICATES)}));
    const HERE = 'localhost:${ports.asking}';
    const ELSEWHERE = 'localhost:${ports.elsewhere}';
    const authority = file('authority');
    function attempt(host, tls, maxVersion = 'TLSv1.3') {
      try {
        const ws = connect('wss://' + host + '/', { tls: { ...tls, maxVersion } });
        console.log(JSON.parse(ws.recv()).isResumed ? 'resumed' : 'full');
        ws.terminate();
      } catch (error) {
        console.log(error.cause?.code ?? error.cause?.message ?? error.message);
      }
    }
    process.emitWarning = () => {};
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      ${source}
    }`,
    { env: { WIRESPEED_SYNC_IO: io, NODE_EXTRA_CA_CERTS: '' } },
  );
  expect(stderr).toBe('');
  return lines;
}

const twice = (lines: readonly string[]): string[] => [...lines, ...lines];
const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';

describe.each(SAMPLE)('the sync client resumes no session, by way of %s,', (io) => {
  it('that was made while NODE_TLS_REJECT_UNAUTHORIZED was 0', async () => {
    const lines = await run(
      io,
      `process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      attempt(ELSEWHERE, { ca: authority }, version);
      attempt(ELSEWHERE, { ca: authority }, version);
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      attempt(ELSEWHERE, { ca: authority }, version);`,
    );
    expect(lines).toEqual(twice(['full', 'full', 'ERR_TLS_CERT_ALTNAME_INVALID']));
  });

  it('after authorities were taken out of a list in place', async () => {
    const lines = await run(
      io,
      `const ca = [authority];
      attempt(HERE, { ca }, version);
      attempt(HERE, { ca }, version);
      ca[0] = file('self-signed');
      attempt(HERE, { ca }, version);`,
    );
    expect(lines).toEqual(twice(['full', 'resumed', UNKNOWN]));
  });

  it('after the buffer of an authority was changed in place', async () => {
    const lines = await run(
      io,
      `const ca = Buffer.concat([authority]);
      attempt(HERE, { ca }, version);
      attempt(HERE, { ca }, version);
      ca.fill(' ');
      attempt(HERE, { ca }, version);`,
    );
    expect(lines).toEqual(twice(['full', 'resumed', UNKNOWN]));
  });

  it('if the caller gives checkServerIdentity, which may decide differently by now', async () => {
    const lines = await run(
      io,
      `let verdict;
      const checkServerIdentity = () => verdict;
      attempt(HERE, { ca: authority, checkServerIdentity }, version);
      verdict = new Error('revoked');
      attempt(HERE, { ca: authority, checkServerIdentity }, version);
      attempt(HERE, { ca: authority, checkServerIdentity }, version);`,
    );
    expect(lines).toEqual(twice(['full', 'revoked', 'revoked']));
  });

  it('after tls.checkServerIdentity was replaced', async () => {
    const lines = await run(
      io,
      `const { checkServerIdentity } = tls;
      tls.checkServerIdentity = () => undefined;
      attempt(ELSEWHERE, { ca: authority }, version);
      attempt(ELSEWHERE, { ca: authority }, version);
      tls.checkServerIdentity = checkServerIdentity;
      attempt(ELSEWHERE, { ca: authority }, version);`,
    );
    expect(lines).toEqual(twice(['full', 'resumed', 'ERR_TLS_CERT_ALTNAME_INVALID']));
  });

  it('of a server that was refused, however often it is tried', async () => {
    const lines = await run(
      io,
      `for (let i = 0; i < 3; i++) attempt(ELSEWHERE, { ca: authority }, version);`,
    );
    expect(lines).toEqual(twice(Array(3).fill('ERR_TLS_CERT_ALTNAME_INVALID')));
  });

  it('below the oldest version of TLS that the program accepts by now', async () => {
    const lines = await run(
      io,
      `if (version === 'TLSv1.3') break;
      attempt(HERE, { ca: authority }, version);
      attempt(HERE, { ca: authority }, version);
      tls.DEFAULT_MIN_VERSION = 'TLSv1.3';
      attempt(HERE, { ca: authority }, version);`,
    );
    expect(lines.slice(0, 2)).toEqual(['full', 'resumed']);
    expect(lines[2]).not.toMatch(/full|resumed/);
  });

  if (io === 'worker') return;

  it('if the caller gives a context, which may trust other authorities by now', async () => {
    const lines = await run(
      io,
      `const secureContext = tls.createSecureContext({ ca: authority, maxVersion: version });
      attempt(HERE, { secureContext });
      attempt(HERE, { secureContext });`,
    );
    expect(lines).toEqual(twice(['full', 'full']));
  });
});

it.runIf('setDefaultCACertificates' in process.getBuiltinModule('node:tls')).each(SAMPLE)(
  'the sync client resumes no session after the authorities that Node.js trusts were replaced, by way of %s (Node.js 22.19)',
  async (io) => {
    const lines = await run(
      io,
      `tls.setDefaultCACertificates([authority.toString()]);
      attempt(HERE, {}, version);
      attempt(HERE, {}, version);
      tls.setDefaultCACertificates([file('self-signed').toString()]);
      attempt(HERE, {}, version);`,
    );
    expect(lines).toEqual(twice(['full', 'resumed', UNKNOWN]));
  },
);
