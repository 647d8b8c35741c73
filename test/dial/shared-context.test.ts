import { readFileSync } from 'node:fs';
import tls, { type ConnectionOptions } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { connect, type EventConnection } from 'wirespeed/events';
import { serve } from 'wirespeed/server';
import { sharedContext } from '../../src/dial/shared-context.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Only later versions of Node.js have it. */
interface Authorities {
  getCACertificates?(): string[];
  setDefaultCACertificates?(certificates: readonly string[]): void;
}
const { getCACertificates, setDefaultCACertificates } = tls as Authorities;

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const ca = certificate('authority');

describe('the context of TLS', () => {
  it('is shared by connections with the same options', () => {
    expect(sharedContext({})).toBe(sharedContext({}));
    const context = sharedContext({ ca: [ca], rejectUnauthorized: true });
    expect(sharedContext({ ca: [ca], rejectUnauthorized: true })).toBe(context);
  });

  it('is another one if any option differs', () => {
    const options: ConnectionOptions = { ca: [ca], minVersion: 'TLSv1.2' };
    const others: ConnectionOptions[] = [
      {},
      { ca: [ca] },
      { ca: [ca, ca], minVersion: 'TLSv1.2' },
      { ca, minVersion: 'TLSv1.2' },
      { ...options, minVersion: 'TLSv1.3' },
      { ...options, ciphers: undefined },
      { ...options, ciphers: 'TLS_AES_128_GCM_SHA256' },
    ];
    for (const other of others) {
      const context = sharedContext(options);
      expect(sharedContext(other)).not.toBe(context);
    }
  });

  it('is another one after the caller has added an authority to the same list', () => {
    const authorities = [ca];
    const context = sharedContext({ ca: authorities });
    authorities.push(certificate('localhost'));
    expect(sharedContext({ ca: authorities })).not.toBe(context);
  });

  it('is another one after the caller has changed the same buffer in place', () => {
    const authority = Buffer.from(ca);
    const context = sharedContext({ ca: authority });
    expect(sharedContext({ ca: Buffer.from(authority) })).toBe(context);
    certificate('self-signed').copy(authority);
    expect(sharedContext({ ca: authority })).not.toBe(context);
  });

  it('is another one after the program has changed a default of TLS', () => {
    const context = sharedContext({});
    const before = tls.DEFAULT_MIN_VERSION;
    try {
      tls.DEFAULT_MIN_VERSION = 'TLSv1.3';
      expect(sharedContext({})).not.toBe(context);
    } finally {
      tls.DEFAULT_MIN_VERSION = before;
    }
  });

  it.runIf(setDefaultCACertificates !== undefined)(
    'is another one after the program has replaced the authorities that Node.js trusts (Node.js 22.19)',
    () => {
      const context = sharedContext({});
      const before = getCACertificates?.() ?? [];
      try {
        setDefaultCACertificates?.(before.slice(1));
        expect(sharedContext({})).not.toBe(context);
      } finally {
        setDefaultCACertificates?.(before);
      }
    },
  );

  it('refuses wrong options as tls.connect does', () => {
    expect(() => sharedContext({ ciphers: 'NONE' })).toThrow();
    expect(() => sharedContext({ minVersion: 'TLSv9' as 'TLSv1.3' })).toThrow(TypeError);
  });

  it('is kept alive by its connections alone, and so is the key that it was made with', async () => {
    const make = (): WeakRef<object>[] => {
      const key = certificate('server-key');
      return [new WeakRef(sharedContext({ key })), new WeakRef(key)];
    };
    const kept = make();
    await expect
      .poll(() => {
        gc();
        return kept.some((reference) => reference.deref() !== undefined);
      })
      .toBe(false);
  });

  it('outlives each of its connections', async () => {
    const server = await serve({
      host: '127.0.0.1',
      tls: { cert: certificate('localhost'), key: certificate('server-key') },
      handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
    });
    try {
      let hasCome = (_text: string): void => {};
      const echo = new Promise<string>((resolve) => {
        hasCome = resolve;
      });
      const first = await connect(server.url, {}, { tls: { ca } });
      const message = (_ws: EventConnection, data: Uint8Array): void =>
        hasCome(Buffer.from(data).toString());
      const second = await connect(server.url, { message }, { tls: { ca } });
      first.terminate();
      const third = await connect(server.url, {}, { tls: { ca } });
      second.send('still there');
      expect(await echo).toBe('still there');
      second.terminate();
      third.terminate();
    } finally {
      await server.close();
    }
  });
});
