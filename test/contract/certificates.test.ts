import { expect } from 'vitest';
import { ECHO, type Listener, peer } from '../support/peer/index.ts';
import { AUTHORITY, contract, rejection } from './contract.ts';

contract(
  'certificates',
  ({ connect, scriptAt, face, it }) => {
    const refusals: readonly [string, Listener, object, string][] = [
      ['signed by itself', 'selfSigned', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['from an unknown authority', 'tls', {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['for another host', 'wrongHost', { ca: AUTHORITY }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['that has expired', 'expired', { ca: AUTHORITY }, 'CERT_HAS_EXPIRED'],
    ];
    for (const [what, listener, tls, code] of refusals) {
      it.everywhere(`refuses a certificate ${what} and sends no request`, async () => {
        const script = scriptAt(listener, [ECHO]);
        const error = await rejection(connect(script.url, { tls }));
        expect(error).toBeInstanceOf(face.errors.ConnectError);
        expect(error).toMatchObject({ phase: 'tls', code: 'WS_CONNECT_FAILED', cause: { code } });
        expect(await script.seenSoFar()).toBeUndefined();
      });
    }

    it.everywhere('trusts the authority it is given', async () => {
      const client = await connect(scriptAt('tls', [ECHO]), { tls: { ca: AUTHORITY } });
      await client.send('private');
      expect(await client.recv()).toBe('private');
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it.everywhere(`speaks ${version}`, async () => {
        const client = await connect(scriptAt('tls', [ECHO]), {
          tls: { ca: AUTHORITY, minVersion: version, maxVersion: version },
        });
        for (const size of [1, 20_000, 200_000]) {
          await client.send(new Uint8Array(size));
          expect(await client.recv()).toHaveLength(size);
        }
        await client.close(1000);
        expect(client.properties.closeCode).toBe(1000);
      });
    }

    it.everywhere(
      'trusts a certificate signed by itself that is given as the authority',
      async () => {
        const script = scriptAt('selfSigned', [ECHO]);
        const ca = await import('node:fs').then(({ readFileSync }) =>
          readFileSync(new URL('../support/certificates/self-signed.pem', import.meta.url)),
        );
        const client = await connect(script, { tls: { ca } });
        await client.send('private');
        expect(await client.recv()).toBe('private');
      },
    );

    it.everywhere('checks the name the certificate is for against servername', async () => {
      const client = await connect(scriptAt('wrongHost', [ECHO]), {
        tls: { ca: AUTHORITY, servername: 'elsewhere.example' },
      });
      expect(client.properties.state).toBe('open');
    });

    it.everywhere('connects without a check only where the caller says so', async () => {
      const client = await connect(scriptAt('selfSigned', [ECHO]), {
        tls: { rejectUnauthorized: false },
      });
      await client.send('unchecked');
      expect(await client.recv()).toBe('unchecked');
    });

    it.everywhere('finds a TLS server by its name', async () => {
      const client = await connect(`${peer.origin('tls', 'localhost')}/`, {
        tls: { ca: AUTHORITY },
      });
      await client.send('hello');
      expect(await client.recv()).toBe('hello');
    });

    it.everywhere('fails in phase tls where the server speaks no TLS', async () => {
      const url = peer.origin('plain').replace('ws:', 'wss:');
      const error = await rejection(connect(url, { connectTimeout: 150 }));
      expect(error).toBeInstanceOf(face.errors.WebSocketError);
    });

    it.everywhere('fails where the server speaks TLS and the URL does not', async () => {
      const url = peer.origin('tls').replace('wss:', 'ws:');
      const error = await rejection(connect(url, { connectTimeout: 150 }));
      expect(error).toBeInstanceOf(face.errors.WebSocketError);
    });
  },
  ['plain'],
);
