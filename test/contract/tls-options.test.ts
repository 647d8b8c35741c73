/** The options of TLS do the same in every client, and so do its refusals. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { expect } from 'vitest';
import { startServers } from '../support/servers.ts';
import { AUTHORITY, contract, rejection, type Setting } from './contract.ts';

/** What the server says of its client. */
interface Report {
  servername?: string;
  alpn: string | false;
  version: string;
  client?: string;
  isResumed: boolean;
}

const SELF_SIGNED = readFileSync(
  new URL('../support/certificates/self-signed.pem', import.meta.url),
);
const KEY = readFileSync(new URL('../support/certificates/server-key.pem', import.meta.url));

const ports = await startServers<{ asking: number; insisting: number }>('tls-reporter.mjs');

contract(
  'options of TLS',
  (setting) => {
    const { connect, face, it } = setting;

    it.everywhere(
      'sends a certificate of the client, and says which server it asks for',
      async () => {
        const tls = { ca: AUTHORITY, cert: SELF_SIGNED, key: KEY };
        const report = await reportTo(setting, `localhost:${ports.insisting}`, tls);
        expect(report).toMatchObject({ client: 'self-signed', servername: 'localhost' });
      },
    );

    it.everywhere(
      'asks for no server name where the host is an address (RFC 6066 §3)',
      async () => {
        const report = await reportTo(setting, `127.0.0.1:${ports.asking}`, { ca: AUTHORITY });
        expect(report.servername).toBeUndefined();
        expect(report.client).toBeUndefined();
      },
    );

    it.everywhere('asks for the server name it is given', async () => {
      const tls = {
        ca: AUTHORITY,
        servername: 'elsewhere.example',
        checkServerIdentity: () => undefined,
      };
      const report = await reportTo(setting, `127.0.0.1:${ports.asking}`, tls);
      expect(report.servername).toBe('elsewhere.example');
    });

    it.everywhere('offers HTTP/1.1 by ALPN, or what it is told to', async () => {
      const { alpn } = await reportTo(setting, `127.0.0.1:${ports.asking}`, { ca: AUTHORITY });
      expect(alpn).toBe('http/1.1');
      const tls = { ca: AUTHORITY, ALPNProtocols: [] };
      expect((await reportTo(setting, `127.0.0.1:${ports.asking}`, tls)).alpn).toBe(false);
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it.everywhere(
        `fails where the server wants a certificate and gets none, ${version}`,
        async () => {
          const tls = { ca: AUTHORITY, maxVersion: version };
          const error = await rejection(connect(`wss://localhost:${ports.insisting}/`, { tls }));
          expect(error).toBeInstanceOf(face.errors.ConnectError);
          expect(String((error.cause as NodeJS.ErrnoException).code)).toMatch(
            /ERR_SSL_[\w/]*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE)|ECONNRESET|EPIPE/,
          );
        },
      );
    }

    it.everywhere('fails where no version of TLS is left to both', async () => {
      const tls = { ca: AUTHORITY, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' } as const;
      const error = await rejection(connect(`wss://localhost:${ports.asking}/`, { tls }));
      expect(error).toBeInstanceOf(face.errors.ConnectError);
      expect(error).toMatchObject({ phase: 'tls', code: 'WS_CONNECT_FAILED' });
    });

    it.everywhere('checks whom the certificate is for with the function it is given', async () => {
      const asked: [string, string][] = [];
      const checkServerIdentity = (host: string, { subject }: PeerCertificate) => {
        asked.push([host, String(subject.CN)]);
        return undefined;
      };
      const tls = { ca: AUTHORITY, checkServerIdentity };
      await reportTo(setting, `localhost:${ports.asking}`, tls);
      expect(asked).toEqual([['localhost', 'localhost']]);
      const refusal = Object.assign(new Error('not that one'), { code: 'ERR_OF_OURS' });
      const error = await rejection(
        connect(`wss://localhost:${ports.asking}/`, {
          tls: { ca: AUTHORITY, checkServerIdentity: () => refusal },
        }),
      );
      expect(error).toBeInstanceOf(face.errors.ConnectError);
      expect(error).toMatchObject({ phase: 'tls', cause: refusal });
    });

    it.everywhere('throws what tls.connect throws for options that it refuses', async () => {
      const wrong: readonly [object, string][] = [
        [{ minVersion: 'TLSv9' }, 'ERR_TLS_INVALID_PROTOCOL_VERSION'],
        [{ ca: 5 }, 'ERR_INVALID_ARG_TYPE'],
      ];
      for (const [tls, code] of wrong) {
        const error = await rejection(connect(`wss://localhost:${ports.asking}/`, { tls }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error).toMatchObject({ code });
      }
    });

    it.everywhere('says whom a wrong certificate is for', async () => {
      const script = setting.scriptAt('wrongHost', []);
      const error = await rejection(connect(script.url, { tls: { ca: AUTHORITY } }));
      const { message, cause } = error;
      expect(message).toMatch(/the server's certificate is for another host: .*127\.0\.0\.1/);
      expect(cause).toMatchObject({
        code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        host: '127.0.0.1',
        reason: expect.stringContaining('127.0.0.1'),
      });
    });

    if (face.name !== 'sync') return;

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it.everywhere(
        `resumes the session of an earlier connection under the same options, ${version}`,
        async () => {
          const tls = { ca: AUTHORITY, minVersion: version, maxVersion: version };
          const host = `localhost:${ports.asking}`;
          expect(await reportTo(setting, host, tls)).toMatchObject({ isResumed: false, version });
          expect(await reportTo(setting, host, tls)).toMatchObject({ isResumed: true, version });
          // With a copy of the same values as well.
          expect((await reportTo(setting, host, { ...tls })).isResumed).toBe(true);
        },
      );
    }

    it.everywhere(
      'never resumes a session that other options made, or where the caller wants none',
      async () => {
        const host = `localhost:${ports.asking}`;
        const unchecked = { rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const;
        await reportTo(setting, host, unchecked);
        expect((await reportTo(setting, host, unchecked)).isResumed).toBe(false);
        // A certificate that nobody checked is still refused.
        const error = await rejection(
          connect(`wss://${host}/`, { tls: { maxVersion: 'TLSv1.2' } }),
        );
        expect(error).toMatchObject({ phase: 'tls' });
        const none = { ca: AUTHORITY, session: undefined };
        await reportTo(setting, host, none);
        expect((await reportTo(setting, host, none)).isResumed).toBe(false);
      },
    );
  },
  ['plain'],
);

/** Connects with the options, and returns what the server says. */
async function reportTo(setting: Setting, host: string, tls: ConnectionOptions): Promise<Report> {
  const client = await setting.connect(`wss://${host}/`, { tls });
  const report = JSON.parse((await client.recv({ timeout: 5000 })) as string);
  client.terminate();
  return report;
}
