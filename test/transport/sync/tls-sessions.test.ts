import type { ConnectionOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { keepSession, withSession } from '../../../src/transport/sync/tls-sessions.ts';

const SESSION = Buffer.from('session');
let lastPort = 0;

/** Options for a server that nobody has connected to. */
function fresh(rest: ConnectionOptions = {}): ConnectionOptions {
  lastPort++;
  return { host: 'a.example', port: lastPort, ALPNProtocols: ['http/1.1'], ...rest };
}

describe('the sessions of TLS', () => {
  it('are used for the same server under the same options', () => {
    const options = fresh({ ca: 'an authority' });
    expect(withSession(options)).toBe(options);
    keepSession(options, SESSION);
    const again = { ...options, ALPNProtocols: ['http/1.1'] };
    expect(withSession(again)).toEqual({ ...again, session: SESSION });
  });

  it('are not used where any option differs', () => {
    const options = fresh({ ca: 'an authority' });
    keepSession(options, SESSION);
    const others: ConnectionOptions[] = [
      { ...options, ca: 'another' },
      { ...options, ca: undefined },
      { ...options, servername: 'b.example' },
      { ...options, port: 40_000 },
      { ...options, host: 'b.example' },
      { ...options, ALPNProtocols: ['http/1.1', 'h2'] },
      { ...options, checkServerIdentity: () => undefined },
      { ...options, rejectUnauthorized: false },
    ];
    for (const other of others) expect(withSession(other)).toBe(other);
  });

  it('are not kept of a connection made without a check', () => {
    const unchecked = fresh({ rejectUnauthorized: false });
    keepSession(unchecked, SESSION);
    const { rejectUnauthorized: _, ...checked } = unchecked;
    expect(withSession(unchecked)).toBe(unchecked);
    expect(withSession(checked)).toBe(checked);
  });

  it('leave alone who looks after sessions himself, or wants none', () => {
    const options = fresh();
    keepSession(options, SESSION);
    const own = { ...options, session: Buffer.from('own') };
    const none = { ...options, session: undefined };
    expect(withSession(own)).toBe(own);
    expect(withSession(none)).toBe(none);
    keepSession(own, Buffer.from('later'));
    expect(withSession(options).session).toBe(SESSION);
  });

  it('are forgotten, oldest first, above a hundred', () => {
    const all = Array.from({ length: 150 }, () => fresh());
    for (const options of all) keepSession(options, SESSION);
    const kept = all.map((options) => withSession(options).session !== undefined);
    expect(kept.indexOf(true)).toBe(50);
    expect(kept.lastIndexOf(false)).toBe(49);
  });
});
