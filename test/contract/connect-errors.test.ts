/** What is told where no connection comes about: what happened, where, and what to do. */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { startServers } from '../support/servers.ts';
import { AUTHORITY, contract, rejection } from './contract.ts';

const REVOCATIONS = readFileSync(
  new URL('../support/certificates/revocations.pem', import.meta.url),
);

const ports = await startServers<Readonly<Record<string, number>>>('odd-servers.mjs');

contract(
  'an error of connecting',
  ({ connect, scriptAt, face, it }) => {
    /** Connects, and returns the error, and what it says after the URL. */
    async function errorAt(
      name: string,
      scheme: 'ws' | 'wss',
      options: object = {},
    ): Promise<{ error: InstanceType<typeof face.errors.ConnectError>; text: string }> {
      const url = `${scheme}://127.0.0.1:${ports[name]}/`;
      const tls = scheme === 'wss' ? { ca: AUTHORITY } : undefined;
      const error = await rejection(connect(url, { tls, ...options }));
      expect(error).toBeInstanceOf(face.errors.ConnectError);
      expect(error).toMatchObject({ url });
      const begin = `cannot connect to ${url}: `;
      expect(error.message.startsWith(begin)).toBe(true);
      return {
        error: error as InstanceType<typeof face.errors.ConnectError>,
        text: error.message.slice(begin.length),
      };
    }

    const NOT_HTTP = "the server's response is not valid HTTP: ";
    const answers: readonly [string, 'ws' | 'wss', string][] = [
      ['ssh', 'ws', `${NOT_HTTP}it begins with "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5"`],
      ['smtp', 'ws', `${NOT_HTTP}it begins with "220 mail.example ESMTP"`],
      ['binary', 'ws', `${NOT_HTTP}it begins with "\\u0000\\u0000\\u0012\\u0004\\u0000\\u009b"`],
      ['alert', 'ws', `${NOT_HTTP}it is TLS; is it a wss: URL?`],
      [
        'tls',
        'ws',
        'the server closed the connection without answering the upgrade; is it a wss: URL?',
      ],
      [
        'ending',
        'ws',
        'the server closed the connection without answering the upgrade; is it a wss: URL?',
      ],
      ['cut', 'ws', 'the server closed the connection in the middle of its response'],
      [
        'nginx',
        'ws',
        'the server answered 400 Bad Request instead of switching to WebSocket; is it a wss: URL?',
      ],
      [
        'apache',
        'ws',
        'the server answered 400 Bad Request instead of switching to WebSocket; is it a wss: URL?',
      ],
      [
        'go',
        'ws',
        'the server answered 400 Bad Request instead of switching to WebSocket; is it a wss: URL?',
      ],
      ['badRequest', 'ws', 'the server answered 400 Bad Request instead of switching to WebSocket'],
      [
        'redirect',
        'ws',
        'the server answered 302 Found instead of switching to WebSocket; it redirects to https://other.example/feed?token=<hidden>, where you may connect if you trust it',
      ],
      [
        'strangeRedirect',
        'ws',
        'the server answered 301 Moved Permanently instead of switching to WebSocket; it redirects to http://[, where you may connect if you trust it',
      ],
      [
        'notModified',
        'ws',
        'the server answered 304 Not Modified instead of switching to WebSocket',
      ],
      [
        'insisting',
        'wss',
        'the server refused the certificate of this client, or wants one; it goes into the option tls: { cert, key } (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)',
      ],
    ];
    for (const [name, scheme, expected] of answers) {
      it(`of a server named ${name}, by a ${scheme}: URL, says so at once`, async () => {
        const since = performance.now();
        const { error, text } = await errorAt(name, scheme);
        expect(text).toBe(expected);
        expect(error.phase).toBe('upgrade');
        expect(inspect(error).replaceAll('<hidden>', '')).not.toContain('hidden');
        expect(performance.now() - since).toBeLessThan(5000);
      });
    }

    it.everywhere('names the whole target of a relative redirect', async () => {
      const { text } = await errorAt('relativeRedirect', 'ws');
      expect(text).toContain(`it redirects to ws://127.0.0.1:${ports.relativeRedirect}/login, `);
    });

    it.everywhere('asks for the scheme where the server resets a plain connection', async () => {
      const { text, error } = await errorAt('resetting', 'ws');
      expect(text).toBe(
        `127.0.0.1:${ports.resetting} reset the connection (ECONNRESET); is it a wss: URL?`,
      );
      expect(error.phase).toBe('upgrade');
    });

    const certificates: readonly [string, object, string, string][] = [
      [
        'notYetValid',
        {},
        'CERT_NOT_YET_VALID',
        'is not valid yet, or the clock of this machine is wrong',
      ],
      ['wrongPurpose', {}, 'INVALID_PURPOSE', 'is not one for a server'],
      ['revoked', { crl: REVOCATIONS }, 'CERT_REVOKED', 'was revoked'],
    ];
    for (const [name, more, code, what] of certificates) {
      it.everywhere(`of a certificate that is ${name} says that, and nothing of ca`, async () => {
        const { error, text } = await errorAt(name, 'wss', { tls: { ca: AUTHORITY, ...more } });
        expect(text).toBe(`the server's certificate ${what} (${code})`);
        expect(error).toMatchObject({ phase: 'tls', cause: { code } });
      });
    }

    it('of a certificate that has expired says that, and nothing of ca', async () => {
      const error = await rejection(connect(scriptAt('expired', []), { tls: { ca: AUTHORITY } }));
      expect(error.message).toMatch(
        /: the server's certificate has expired, or the clock of this machine is wrong \(CERT_HAS_EXPIRED\)$/,
      );
    });

    for (const listener of ['selfSigned', 'tls'] as const) {
      it(`of an authority that is not known gives advice on ca: ${listener}`, async () => {
        const error = await rejection(connect(scriptAt(listener, []), { tls: {} }));
        expect(error.message).toMatch(
          /was refused: .*; if the server is yours, give its CA in the option tls: { ca }$/,
        );
      });
    }

    it('of a certificate for another host does not fill a page with it', async () => {
      const error = await rejection(connect(scriptAt('wrongHost', []), { tls: { ca: AUTHORITY } }));
      expect(error.message).toMatch(
        /certificate is for another host: .*ERR_TLS_CERT_ALTNAME_INVALID/,
      );
      expect(inspect(error)).not.toMatch(/pubkey|Buffer/);
    });

    const failures: readonly [string, object, RegExp][] = [
      ['ssh', {}, /^the server does not speak TLS; is it a ws: URL\? \(ERR_SSL_/],
      ['badRequest', {}, /^the server does not speak TLS; is it a ws: URL\? \(ERR_SSL_/],
      [
        'ending',
        {},
        /^the server closed the connection during the TLS handshake; is it a ws: URL\? \(ECONNRESET\)$/,
      ],
      [
        'resetting',
        {},
        /^the server closed the connection during the TLS handshake; is it a ws: URL\? \(ECONNRESET\)$/,
      ],
      [
        'oldTls',
        { minVersion: 'TLSv1.3' },
        /^the server and this client share no version of TLS; see the options tls: { minVersion, maxVersion } \(ERR_SSL_/,
      ],
      ['http2', {}, /^the server does not speak HTTP\/1\.1 \(ERR_SSL_/],
      [
        'cipher',
        { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
        /^the server and this client share no cipher, .*tls: { cert, key } \(ERR_SSL_/,
      ],
      [
        'insistingOnOld',
        {},
        /^the server (?:and this client share no cipher|refused the certificate).*tls: { cert, key } \(ERR_SSL_/,
      ],
    ];
    for (const [name, more, expected] of failures) {
      it.everywhere(`of TLS with a server named ${name} says what to do`, async () => {
        const { error, text } = await errorAt(name, 'wss', { tls: { ca: AUTHORITY, ...more } });
        expect(text).toMatch(expected);
        expect(error).toMatchObject({ phase: 'tls', code: 'WS_CONNECT_FAILED' });
      });
    }

    it("hides what a URL's query calls a secret", async () => {
      for (const url of [
        'ws://127.0.0.1:1/?token=hidden&x=1',
        'ws://127.0.0.1:1/?token=hidden#part',
        'ws:?token=hidden',
      ]) {
        const error = await rejection(connect(url));
        expect(error).toBeInstanceOf(face.errors.ConnectError);
        expect(inspect(error)).toContain('?token=<hidden>');
        expect(inspect(error).replaceAll('<hidden>', '')).not.toContain('hidden');
      }
    });
  },
  ['plain'],
);
