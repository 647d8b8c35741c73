/**
 * Callbacks of the option `tls` run for the first bytes of any client. If one throws, its client is refused, and the
 * option `error` is called.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect as connectTls, type TlsOptions } from 'node:tls';
import { expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { open, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const ca = certificate('authority');
const TLS = { cert: certificate('localhost'), key: certificate('server-key') };

const fail = (): never => {
  throw new Error('in the callback');
};
const rejected = async (): Promise<never> => fail();

const CALLBACKS: readonly [string, TlsOptions, boolean][] = [
  ['SNICallback that throws', { SNICallback: fail }, true],
  ['SNICallback that is rejected', { SNICallback: rejected as () => never }, true],
  ['ALPNCallback that throws', { ALPNCallback: fail }, false],
];

it.each([
  ['ALPNCallback', { ALPNCallback: rejected as () => never }],
  ['pskCallback', { pskCallback: rejected as () => never, ciphers: 'PSK' }],
  ['pskCallback', { pskCallback: (() => 'a key') as () => never, ciphers: 'PSK' }],
])('a server with a wrong %s refuses the client, tells, and goes on', async (name, callbacks) => {
  const faults: string[] = [];
  const server = await start({
    tls: { ...TLS, maxVersion: 'TLSv1.2', ...callbacks } as TlsOptions,
    error: (error) => void faults.push((error as Error).message),
  });
  const socket = connectTls({
    port: server.port,
    host: '127.0.0.1',
    ca,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
    maxVersion: 'TLSv1.2',
    ...('ciphers' in callbacks ? { ciphers: 'PSK' } : {}),
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'x' }),
  });
  let isRefused = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    isRefused = true;
  });
  await until(() => isRefused && faults.length > 0);
  expect(faults[0]).toContain(name);
});

it('a server with an ALPNCallback refuses a client that offers no such protocol, and reports no fault', async () => {
  const faults: unknown[] = [];
  const server = await start({
    tls: { ...TLS, ALPNCallback: () => 'http/1.1' },
    error: (error) => void faults.push(error),
  });
  const socket = connectTls({
    port: server.port,
    host: '127.0.0.1',
    ca,
    servername: 'localhost',
    ALPNProtocols: ['h2'],
  });
  let isRefused = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    isRefused = true;
  });
  await until(() => isRefused);
  expect(faults).toEqual([]);
});

it.each(CALLBACKS)(
  'a server with a %s refuses the client, reports the fault, and goes on',
  async (_, callbacks, servesOthers) => {
    const faults: unknown[] = [];
    const server = await start({
      tls: { ...TLS, ...callbacks },
      error: (error, { source }) => void faults.push([source, (error as Error).message]),
    });
    const address = { port: server.port, host: '127.0.0.1', ca };
    const socket: Socket = connectTls({
      ...address,
      servername: 'localhost',
      ALPNProtocols: ['http/1.1'],
    });
    let isRefused = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      isRefused = true;
    });
    await until(() => isRefused);
    expect(faults).toEqual([['tls', 'in the callback']]);
    if (!servesOthers) return;
    // Without a name in the handshake the callback is not called.
    const ws = await open(server, {
      tls: { ca, servername: '', checkServerIdentity: () => undefined },
    });
    await ws.send('served');
    expect(await ws.recv()).toBe('served');
  },
);

it('a server with a pskCallback that throws refuses the client, reports the fault, and goes on', async () => {
  const faults: unknown[] = [];
  const psk = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
  const server = await start({
    tls: { ...psk, pskCallback: fail },
    error: (error, { source }) => void faults.push([source, (error as Error).message]),
  });
  let refused = 0;
  for (let i = 0; i < 2; i++) {
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ...psk,
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'x' }),
    });
    socket.on('error', () => {});
    socket.on('close', () => refused++);
    await until(() => refused > i);
  }
  expect(faults).toEqual(Array.from({ length: 2 }, () => ['tls', 'in the callback']));
});

it('a server with an ALPNCallback lets it choose', async () => {
  const server = await start({ tls: { ...TLS, ALPNCallback: () => 'http/1.1' } });
  const ws = await open(server, { tls: { ca } });
  await ws.send('served');
  expect(await ws.recv()).toBe('served');
});
