import tls, { type ConnectionOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { findSession, keepSession, sessionConditions } from '../../src/dial/tls-sessions.ts';

const SESSION = Buffer.from('session');
let lastPort = 0;

/** Options for a server that no other test connects to. */
function fresh(rest: ConnectionOptions = {}): ConnectionOptions {
  lastPort++;
  return { host: 'a.example', port: lastPort, ALPNProtocols: ['http/1.1'], ...rest };
}

function keep(options: ConnectionOptions, session = SESSION): void {
  keepSession(sessionConditions(options), session);
}

function find(options: ConnectionOptions): Buffer | undefined {
  return findSession(sessionConditions(options));
}

describe('the sessions of TLS', () => {
  it('are used for the same server under options with the same contents', () => {
    const options = fresh({ ca: [Buffer.from('an authority')], pfx: [{ buf: 'one' }] as never });
    expect(find(options)).toBeUndefined();
    keep(options);
    expect(find(options)).toBe(SESSION);
    const again = {
      pfx: [{ buf: 'one' }] as never,
      ...options,
      ca: [Buffer.from('an authority')],
      ALPNProtocols: ['http/1.1'],
    };
    expect(find(again)).toBe(SESSION);
  });

  it('are not used if any option differs', () => {
    const options = fresh({ ca: 'an authority', key: [{ pem: 'key' }] as never });
    keep(options);
    const others: ConnectionOptions[] = [
      { ...options, ca: 'another' },
      { ...options, ca: ['an authority'] },
      { ...options, ca: Buffer.from('an authority') },
      { ...options, ca: undefined },
      { ...options, crl: 'revoked' },
      { ...options, key: [{ pem: 'another' }] as never },
      { ...options, servername: 'b.example' },
      { ...options, port: 40_000 },
      { ...options, host: 'b.example' },
      { ...options, ALPNProtocols: ['http/1.1', 'h2'] },
      { ...options, ALPNProtocols: ['http/1', '.1'] },
      { ...options, minVersion: 'TLSv1.3' },
      { ...options, rejectUnauthorized: undefined },
    ];
    for (const other of others) expect(find(other)).toBeUndefined();
    expect(find(options)).toBe(SESSION);
  });

  it('are not used after a list or a buffer was changed in place', () => {
    const pem = Buffer.from('an authority');
    const options = fresh({ ca: [pem] });
    keep(options);
    pem[0] = 0x41;
    expect(find(options)).toBeUndefined();
    pem[0] = 0x61;
    expect(find(options)).toBe(SESSION);
    (options.ca as Buffer[]).push(pem);
    expect(find(options)).toBeUndefined();
  });

  it('are not used after the program has changed a default of TLS', () => {
    const options = fresh();
    keep(options);
    const changes = {
      DEFAULT_MIN_VERSION: 'TLSv1.3',
      DEFAULT_MAX_VERSION: 'TLSv1.2',
      DEFAULT_CIPHERS: 'TLS_AES_128_GCM_SHA256',
      DEFAULT_ECDH_CURVE: 'P-256',
      checkServerIdentity: () => undefined,
    };
    for (const [name, value] of Object.entries(changes)) {
      const before = tls[name as keyof typeof tls];
      try {
        Object.assign(tls, { [name]: value });
        expect(find(options), name).toBeUndefined();
      } finally {
        Object.assign(tls, { [name]: before });
      }
      expect(find(options)).toBe(SESSION);
    }
  });

  it('are neither kept nor used by a connection that does not verify certificates', () => {
    const options = fresh();
    const unchecked = { ...options, rejectUnauthorized: false };
    keep(unchecked);
    expect(find(unchecked)).toBeUndefined();
    expect(find(options)).toBeUndefined();
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    try {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      keep(options);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
    expect(find(options)).toBeUndefined();
  });

  it('are not kept if the caller gives a function or a context, whose verdict may change', () => {
    for (const own of [
      { checkServerIdentity: () => undefined },
      { pskCallback: () => null },
      { secureContext: tls.createSecureContext() },
    ] as ConnectionOptions[]) {
      const options = fresh(own);
      keep(options);
      expect(find(options)).toBeUndefined();
    }
  });

  it('are neither kept nor used if the caller gives the option session', () => {
    const options = fresh();
    keep(options);
    const own = { ...options, session: Buffer.from('own') };
    expect(find(own)).toBeUndefined();
    expect(find({ ...options, session: undefined })).toBeUndefined();
    keep(own, Buffer.from('later'));
    expect(find(options)).toBe(SESSION);
  });

  it('are a hundred at most, and the oldest are forgotten', () => {
    const all = Array.from({ length: 150 }, () => fresh());
    for (const options of all) keep(options);
    const kept = all.map((options) => find(options) !== undefined);
    expect(kept.indexOf(true)).toBe(50);
    expect(kept.lastIndexOf(false)).toBe(49);
  });
});
