/**
 * Wirespeed and Python's `websockets`, each as the client of the other's server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { serve } from 'wirespeed/server';
import {
  echoOrClose,
  exchangeLengths,
  exchangeRepetitive,
  haveClosed,
  receiveFragments,
  sendFragments,
} from './exchange.ts';
import { findWebsockets } from './peers.mjs';

const SCRIPT = fileURLToPath(new URL('./peer.py', import.meta.url));

const { path: PYTHON = 'python3', version } = findWebsockets();
const isInstalled = version !== undefined;

describe.runIf(isInstalled)("Wirespeed's client at a server of websockets", () => {
  let server: ChildProcess;
  let url: string;
  beforeAll(async () => {
    server = spawn(PYTHON, [SCRIPT, 'server'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [port] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    url = `ws://127.0.0.1:${String(port).trim()}/`;
  });
  afterAll(() => server.kill());

  it('exchanges text and binary of every length form', async () => {
    // This server insists on a subprotocol.
    const ws = await connect(url, { protocols: 'b' });
    await exchangeLengths(ws);
    await ws.close();
    expect(ws.closeCode).toBe(1000);
  });

  it('exchanges compressed text and binary of every length form', async () => {
    const ws = await connect(url, { protocols: 'b', perMessageDeflate: { threshold: 0 } });
    expect(ws.extensions).toBe(
      'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
    );
    await exchangeLengths(ws);
    await exchangeRepetitive(ws);
    await receiveFragments(ws);
    await sendFragments(ws);
    await ws.close();
    expect(ws.closeCode).toBe(1000);
  });

  it('agrees on a subprotocol, pings, takes fragments and is closed', async () => {
    const ws = await connect(url, { protocols: ['a', 'b'] });
    expect([ws.protocol, ws.extensions]).toEqual(['b', '']);
    expect(await ws.ping()).toBeGreaterThanOrEqual(0);
    await receiveFragments(ws);
    await sendFragments(ws);
    await haveClosed(ws);
  });
});

describe.runIf(isInstalled)("a client of websockets at Wirespeed's server", () => {
  // It offers compression by default: a server that has none must leave it out.
  it.each([
    ['without compression', undefined, 'plain'],
    ['with compression', { threshold: 0 }, 'compressed'],
  ])(
    'agrees on a subprotocol, exchanges messages %s, pings and is closed',
    async (_, perMessageDeflate, kind) => {
      const server = await serve({
        host: '127.0.0.1',
        protocols: ['b'],
        perMessageDeflate,
        handlers: { message: echoOrClose },
      });
      try {
        const client = spawn(PYTHON, [SCRIPT, 'client', server.url, kind], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        for (const stream of [client.stdout, client.stderr]) {
          stream.on('data', (text) => {
            output += text;
          });
        }
        await once(client, 'close');
        expect(output.trim()).toBe('ok');
      } finally {
        await server.close();
      }
    },
  );
});
