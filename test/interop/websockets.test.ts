/**
 * Wirespeed and Python's `websockets`, each as the client of the other's server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { serve } from 'wirespeed/server';
import { patternBytes } from '../support/peer/pattern.mjs';
import { findWebsockets } from './peers.mjs';

const SCRIPT = fileURLToPath(new URL('./peer.py', import.meta.url));
const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];

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
    for (const size of SIZES) {
      const bytes = patternBytes(size);
      await ws.send(bytes);
      expect(Buffer.compare((await ws.recv()) as Uint8Array, bytes)).toBe(0);
      const text = patternBytes(size, true).toString();
      await ws.send(text);
      expect((await ws.recv()) === text).toBe(true);
    }
    await ws.close();
    expect(ws.closeCode).toBe(1000);
  });

  it('exchanges compressed text and binary of every length form', async () => {
    const ws = await connect(url, { protocols: 'b', perMessageDeflate: { threshold: 0 } });
    expect(ws.extensions).toBe(
      'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
    );
    for (const size of SIZES) {
      const bytes = patternBytes(size);
      await ws.send(bytes);
      expect(Buffer.compare((await ws.recv()) as Uint8Array, bytes)).toBe(0);
    }
    const repetitive = 'the same again, '.repeat(50_000);
    const before = ws.stats();
    await ws.send(repetitive);
    expect((await ws.recv()) === repetitive).toBe(true);
    const after = ws.stats();
    expect(after.bytesSent - before.bytesSent).toBeLessThan(15_000);
    expect(after.bytesReceived - before.bytesReceived).toBeLessThan(15_000);
    await ws.send('fragments');
    expect(await ws.recv()).toBe('one two');
    await ws.send(['in ', 'pieces']);
    expect(await ws.recv()).toBe('in pieces');
    await ws.close();
    expect(ws.closeCode).toBe(1000);
  });

  it('agrees on a subprotocol, pings, takes fragments and is closed', async () => {
    const ws = await connect(url, { protocols: ['a', 'b'] });
    expect([ws.protocol, ws.extensions]).toEqual(['b', '']);
    expect(await ws.ping()).toBeGreaterThanOrEqual(0);
    await ws.send('fragments');
    expect(await ws.recv()).toBe('one two');
    await ws.send(['in ', 'pieces']);
    expect(await ws.recv()).toBe('in pieces');
    await ws.send('close me');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4000, reason: 'as you wish' });
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
        protocols: ['b'],
        perMessageDeflate,
        handlers: {
          message(ws, data, isText) {
            if (isText && Buffer.from(data).toString() === 'close me')
              ws.close(4000, 'as you wish');
            else ws.send(data, { text: isText });
          },
        },
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
