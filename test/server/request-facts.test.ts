/** The facts of a request, and of the connection that it came over. */
import { readFileSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connect } from 'wirespeed';
import type { ServeOptions, Server, UpgradeRequest } from 'wirespeed/server';
import { frame, KEY } from '../support/frames.ts';
import { request as requestBytes } from '../support/handshakes.ts';
import { clients, exchange, open, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

const TLS = { cert: certificate('localhost'), key: certificate('server-key') };
const CLIENT = { cert: certificate('self-signed'), key: certificate('server-key') };

afterEach(() => {
  vi.restoreAllMocks();
});

/** Starts a server that collects the requests that its hook is given. */
async function recording(
  options: Partial<ServeOptions<unknown>> = {},
): Promise<{ server: Server; told: UpgradeRequest[] }> {
  const told: UpgradeRequest[] = [];
  const server = await start({
    request(request) {
      told.push(request);
      return undefined;
    },
    ...options,
  });
  return { server, told };
}

describe('a request', () => {
  it('has its method, and its headers as they were sent', async () => {
    const { server, told } = await recording();
    const close = frame({ opcode: 8, key: KEY });
    const head = requestBytes({ 'X-Any': ['1', ' 2 '], 'x-ANY': '3:4', 'X-None': '' });
    await exchange(server, Buffer.concat([head, close]));
    expect(told[0]?.method).toBe('GET');
    expect(told[0]?.rawHeaders.slice(-8)).toEqual([
      'X-Any',
      '1',
      'X-Any',
      '2',
      'x-ANY',
      '3:4',
      'X-None',
      '',
    ]);
    expect(told[0]?.rawHeaders.slice(0, 2)).toEqual(['Host', 'server.example.com']);
    expect(told[0]?.headers.get('x-any')).toBe('1, 2, 3:4');
  });

  it('has the address of its client, in the hook, on the connection, and after the end', async () => {
    const { server, told } = await recording({
      handlers: { open: (ws) => void told.push(ws.request as UpgradeRequest) },
    });
    const ws = await open(server);
    const { address, port } = ws.localAddress as { address: string; port: number };
    expect(told).toHaveLength(2);
    expect(told[0]).toBe(told[1]);
    const expected = { remoteAddress: address, remotePort: port, isSecure: false };
    expect(told[0]).toMatchObject({ ...expected, peerCertificate: undefined, isVerified: false });
    await ws.close();
    await server.close();
    expect(told[0]).toMatchObject({ ...expected, peerCertificate: undefined });
  });

  it('has the address of its client in a hook that runs on after the end', async () => {
    const { server, told } = await recording({
      handshakeTimeout: 50,
      request(request) {
        told.push(request);
        return new Promise(() => {});
      },
    });
    await exchange(server, requestBytes());
    expect(told).toEqual([expect.objectContaining({ remoteAddress: '127.0.0.1' })]);
  });

  it('says that it came over TLS, and has no certificate if the server asked for none', async () => {
    const { server, told } = await recording({ tls: TLS });
    await open(server, { tls: { ca: certificate('authority'), ...CLIENT } });
    expect(told[0]).toMatchObject({
      isSecure: true,
      peerCertificate: undefined,
      isVerified: false,
      remoteAddress: '127.0.0.1',
    });
  });

  it('has the certificate of its client, and says whether it was verified', async () => {
    for (const ca of [certificate('self-signed'), certificate('authority')]) {
      const { server, told } = await recording({
        tls: { ...TLS, ca, requestCert: true, rejectUnauthorized: false },
      });
      await open(server, { tls: { ca: certificate('authority'), ...CLIENT } });
      expect(told[0]?.peerCertificate?.subject.CN).toBe('self-signed');
      expect(told[0]?.isVerified).toBe(ca.equals(certificate('self-signed')));
      await open(server, { tls: { ca: certificate('authority') } });
      expect(told[1]).toMatchObject({ peerCertificate: undefined, isVerified: false });
      for (const ws of clients.splice(0)) await ws.close();
      await server.close();
      expect(told[0]?.peerCertificate).toBeUndefined();
    }
  });

  it('reads the certificate from the socket only when a program reads it', async () => {
    const asked = vi.spyOn(TLSSocket.prototype, 'getPeerCertificate');
    const { server, told } = await recording({
      tls: { ...TLS, requestCert: true, ca: CLIENT.cert },
    });
    await open(server, { tls: { ca: certificate('authority'), ...CLIENT } });
    const before = asked.mock.instances.length;
    inspect(told[0]);
    expect(asked.mock.instances).toHaveLength(before);
    expect(told[0]?.peerCertificate?.subject.CN).toBe('self-signed');
    expect(asked.mock.instances).toHaveLength(before + 1);
  });

  it('is shown without its secrets and its private fields', async () => {
    const { server, told } = await recording();
    await connect(`${server.url.replace('://', '://user:secret@')}feed?token=secret&x=1`, {
      protocols: ['bearer.token', 'secret'],
      headers: { Cookie: 'secret', 'X-Api-Key': 'secret', 'X-Any': 'shown' },
    }).catch(() => {});
    const text = inspect(told[0]);
    expect(text).toMatch(
      /^UpgradeRequest \{\n {2}method: 'GET',\n {2}target: '\/feed\?token=<hidden>&x=1'/,
    );
    expect(text).toContain("remoteAddress: '127.0.0.1'");
    expect(text).toContain("'x-any' => 'shown'");
    expect(text).not.toMatch(/secret|Socket|#/);
    expect(inspect({ request: told[0] }, { depth: 0 })).toBe('{ request: [UpgradeRequest] }');
  });
});
