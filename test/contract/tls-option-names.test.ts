/**
 * Every option of `tls.connect`, of `tls.createSecureContext` and of the `net.connect` below is honoured or
 * refused by name, in every client the same; what the sync client cannot do says so.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { BlockList, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import tls, { type ConnectionOptions } from 'node:tls';
import { expect } from 'vitest';
import { connect as connectSync } from 'wirespeed/sync';
import { ECHO } from '../support/peer/index.ts';
import { startServers } from '../support/servers.ts';
import { AUTHORITY, contract, rejection } from './contract.ts';

const file = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
/** Whether TLS is done in another thread. */
const isRelayed = process.env.WIRESPEED_SYNC_IO === 'worker';

/** What is refused, and what the error says. */
const REFUSED: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  host: ['127.0.0.2', /the URL says where .*tls\.servername/],
  port: [443, /the URL says where/],
  path: ['/tmp/socket', /the URL says where/],
  socket: [new PassThrough(), /connect opens .* its socket by itself; .*wirespeed\/protocol/],
  fd: [3, /connect opens .* its socket by itself/],
  onread: [{}, /by itself/],
  allowHalfOpen: [true, /by itself/],
  readable: [true, /by itself/],
  writable: [true, /by itself/],
  highWaterMark: [1, /sendHighWaterMark/],
  noDelay: [false, /connect's option noDelay/],
  signal: [AbortSignal.abort(), /connect's option signal/],
  timeout: [1000, /connectTimeout/],
  blockList: [new BlockList(), /does not look at it; .*tls\.lookup/],
  typeOfService: [8, /does not look at it/],
  requestCert: [true, /an option of servers/],
  SNICallback: [() => {}, /an option of servers/],
  ALPNCallback: [() => undefined, /an option of servers/],
  pskIdentityHint: ['hint', /an option of servers/],
  handshakeTimeout: [1000, /an option of servers; .*connectTimeout/],
};

/** What is honoured: options, and what the server then says of the client. */
const HONOURED: Readonly<Record<string, readonly [object, object]>> = {
  ca: [{}, {}],
  cert: [{ cert: file('self-signed'), key: file('server-key') }, { client: 'self-signed' }],
  key: [
    { cert: [file('self-signed')], key: [{ pem: file('server-key') }] },
    { client: 'self-signed' },
  ],
  passphrase: [{ passphrase: 'unused' }, {}],
  crl: [{ crl: undefined }, {}],
  ciphers: [
    { ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' },
    { cipher: 'TLS_AES_128_GCM_SHA256' },
  ],
  ecdhCurve: [{ ecdhCurve: 'P-256' }, {}],
  sigalgs: [{ sigalgs: 'ECDSA+SHA256' }, {}],
  minVersion: [{ minVersion: 'TLSv1.3' }, { version: 'TLSv1.3' }],
  maxVersion: [{ maxVersion: 'TLSv1.2' }, { version: 'TLSv1.2' }],
  secureProtocol: [{ secureProtocol: 'TLSv1_2_method' }, { version: 'TLSv1.2' }],
  secureOptions: [{ secureOptions: 0x20000000 }, { version: 'TLSv1.2' }],
  honorCipherOrder: [{ honorCipherOrder: true }, {}],
  dhparam: [{ dhparam: 'auto' }, {}],
  sessionIdContext: [{ sessionIdContext: 'context' }, {}],
  ticketKeys: [{ ticketKeys: Buffer.alloc(48) }, {}],
  sessionTimeout: [{ sessionTimeout: 60 }, {}],
  allowPartialTrustChain: [{ allowPartialTrustChain: true }, {}],
  rejectUnauthorized: [{ ca: undefined, rejectUnauthorized: false }, {}],
  servername: [{ servername: 'localhost' }, { servername: 'localhost' }],
  checkServerIdentity: [
    { servername: 'elsewhere.example', checkServerIdentity: () => undefined },
    { servername: 'elsewhere.example' },
  ],
  ALPNProtocols: [{ ALPNProtocols: [] }, { alpn: false }],
  session: [{ session: undefined }, { isResumed: false }],
  minDHSize: [{ minDHSize: 2048 }, {}],
  requestOCSP: [{ requestOCSP: true }, {}],
  enableTrace: [{ enableTrace: false }, {}],
  localAddress: [{ localAddress: '127.0.0.2' }, { remoteAddress: '127.0.0.2' }],
  family: [{ family: 4 }, { remoteAddress: '127.0.0.1' }],
  hints: [{ hints: 0 }, {}],
  keepAlive: [{ keepAlive: true, keepAliveInitialDelay: 1000 }, {}],
  autoSelectFamily: [{ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 500 }, {}],
};

/** What Node.js refuses for the value, and its code. */
const WRONG: readonly (readonly [object, string])[] = [
  [{ localAddress: 'nowhere' }, 'ERR_INVALID_IP_ADDRESS'],
  [{ localPort: '1' }, 'ERR_INVALID_ARG_TYPE'],
  [{ autoSelectFamily: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
  [{ autoSelectFamilyAttemptTimeout: 0.5 }, 'ERR_OUT_OF_RANGE'],
  [{ hints: 4096 }, 'ERR_INVALID_ARG_VALUE'],
];

const { asking: port } = await startServers<{ asking: number }>('tls-reporter.mjs');

contract(
  'options of TLS by name',
  ({ connect, face, scriptAt, it }) => {
    const reach = async (options: object, host = 'localhost'): Promise<Record<string, unknown>> => {
      const client = await connect(`wss://${host}:${port}/`, {
        tls: { ca: AUTHORITY, ...options },
      });
      return JSON.parse((await client.recv()) as string);
    };

    for (const [name, [value, reason]] of Object.entries(REFUSED)) {
      it(`refuses ${name}, says why or what to use, and connects nowhere`, async () => {
        // Nothing listens there: who connects is told that.
        for (const url of ['wss://127.0.0.1:1/', 'ws://127.0.0.1:1/']) {
          const error = await rejection(connect(url, { tls: { [name]: value } }));
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(`connect: option 'tls.${name}' cannot be used: `);
          expect(error.message).toMatch(reason);
        }
        await reach({ [name]: undefined });
      });
    }

    for (const [name, [options, report]] of Object.entries(HONOURED)) {
      it.everywhere(`honours ${name}`, async () => {
        expect(await reach(options)).toMatchObject(report);
      });
    }

    it.everywhere('honours localPort', async () => {
      // A port that is free.
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port: localPort } = other.address() as { port: number };
      other.close();
      await once(other, 'close');
      expect(await reach({ localPort })).toMatchObject({ remotePort: localPort });
    });

    it.everywhere('honours family where the server has no such address', async () => {
      const error = await rejection(reach({ family: 6 }));
      expect(error).toBeInstanceOf(face.errors.ConnectError);
      expect(String(error.message)).not.toContain('127.0.0.1');
    });

    for (const [options, code] of WRONG) {
      it(`throws what Node.js throws for ${JSON.stringify(options)}`, async () => {
        const error = await rejection(reach(options));
        expect(error).toMatchObject({ code });
        expect(error).not.toBeInstanceOf(face.errors.WebSocketError);
      });
    }

    it('refuses a checkServerIdentity that is no function', async () => {
      for (const checkServerIdentity of [null, 5, 'localhost']) {
        const error = await rejection(reach({ checkServerIdentity }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toContain("option 'tls.checkServerIdentity' must be a function");
      }
    });

    it.everywhere(
      'honours secureContext, or says that it cannot be given to another thread',
      async () => {
        const attempt = reach({
          ca: undefined,
          secureContext: tls.createSecureContext({ ca: AUTHORITY }),
        });
        if (face.name === 'sync' && isRelayed) {
          expect((await rejection(attempt)).message).toContain('tls.secureContext cannot be given');
        } else expect(await attempt).toMatchObject({ isResumed: false });
      },
    );

    it.everywhere('honours lookup, or says that blocking calls cannot', async () => {
      const lookup = (_: string, { all }: { all?: boolean }, done: (...args: unknown[]) => void) =>
        all === true
          ? done(null, [{ address: '127.0.0.1', family: 4 }])
          : done(null, '127.0.0.1', 4);
      const attempt = reach({ lookup, servername: 'localhost' }, 'nowhere.invalid');
      if (face.name === 'sync') {
        const error = await rejection(attempt);
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/option 'tls\.lookup' .*the address in the URL/);
      } else expect(await attempt).toMatchObject({ servername: 'localhost' });
    });

    it.everywhere(
      'honours pskCallback, or says that it cannot be given to another thread',
      async () => {
        const hints: unknown[] = [];
        const pskCallback: ConnectionOptions['pskCallback'] = (hint) => {
          hints.push(hint);
          return null;
        };
        const attempt = reach({ pskCallback, ciphers: `${tls.DEFAULT_CIPHERS}:PSK` });
        if (face.name === 'sync' && isRelayed) {
          expect((await rejection(attempt)).message).toContain('tls.pskCallback cannot be given');
        } else {
          await attempt;
          expect(hints).toEqual([null]);
        }
      },
    );

    for (const rejectUnauthorized of [true, false]) {
      it.everywhere(
        `ends with what checkServerIdentity throws, rejectUnauthorized ${rejectUnauthorized}`,
        async () => {
          for (const thrown of [new Error('no'), 'no']) {
            const error = await rejection(
              reach({
                rejectUnauthorized,
                checkServerIdentity() {
                  throw thrown;
                },
              }),
            );
            expect(error).toMatchObject({ code: 'WS_CONNECT_FAILED' });
            const { cause } = error as { cause: Error };
            if (thrown instanceof Error) expect(cause).toBe(thrown);
            else
              expect(cause).toMatchObject({ cause: 'no', message: expect.stringMatching(/threw/) });
          }
          expect(await reach({})).toMatchObject({ servername: 'localhost' });
        },
      );
    }

    it.everywhere('ends with what pskCallback throws', async () => {
      if (face.name === 'sync' && isRelayed) return;
      const thrown = new Error('no key');
      const pskCallback = (): never => {
        throw thrown;
      };
      const error = await rejection(reach({ pskCallback, ciphers: `${tls.DEFAULT_CIPHERS}:PSK` }));
      expect(error).toMatchObject({ code: 'WS_CONNECT_FAILED', cause: thrown });
    });

    it('takes what is neither undefined nor an error from checkServerIdentity for a refusal', async () => {
      const error = await rejection(reach({ checkServerIdentity: async () => undefined }));
      expect(error.message).toContain(
        'checkServerIdentity must return undefined or an Error, not an instance of Promise',
      );
      await reach({ checkServerIdentity: () => null });
    });

    if (face.name !== 'sync') return;

    it.everywhere('gives checkServerIdentity a certificate whose bytes are Buffers', async () => {
      let raw: unknown;
      await reach({
        checkServerIdentity(_: string, certificate: tls.DetailedPeerCertificate) {
          raw = [certificate.raw, certificate.issuerCertificate.raw];
        },
      });
      const der = (pem: Buffer): Buffer =>
        Buffer.from(pem.toString().replace(/-----.*-----/g, ''), 'base64');
      expect(raw).toEqual([der(file('localhost')), der(AUTHORITY)]);
      expect((raw as unknown[]).every(Buffer.isBuffer)).toBe(true);
    });

    it.everywhere('lets checkServerIdentity connect elsewhere meanwhile', async () => {
      const { url } = scriptAt('tls', [ECHO]);
      const answers: unknown[] = [];
      const report = await reach({
        checkServerIdentity() {
          const ws = connectSync(url, { tls: { ca: AUTHORITY } });
          ws.send('from within');
          answers.push(ws.recv({ timeout: 5000 }));
          ws.close();
        },
      });
      expect(report).toMatchObject({ servername: 'localhost' });
      expect(answers).toEqual(['from within']);
    });
  },
  ['plain'],
);
