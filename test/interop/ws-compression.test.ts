/**
 * Compression between Wirespeed and the npm package `ws`, each as the client of the other's server:
 * every size, every way of agreeing, in order, with jobs in the thread pool.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';
import { type RawData, WebSocket } from 'ws';
import { patternBytes } from '../support/peer/pattern.mjs';
import { until } from '../support/until.ts';
import { echoOrClose, exchangeLengths, startWsServer, type WsServer } from './exchange.ts';

const SIZES = [0, 1, 125, 1023, 1024, 16_383, 16_384, 65_536, 1_000_000];
const LIMIT = 64 * 1024 * 1024;
const WAYS = [
  true,
  { threshold: 0 },
  { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
  { threshold: 0, clientMaxWindowBits: 8, serverMaxWindowBits: 9, level: 1, memLevel: 1 },
] as const;

describe("Wirespeed's clients at a compressing server of ws", () => {
  let server: WsServer;
  let url: string;
  beforeAll(async () => {
    const options = { perMessageDeflate: { threshold: 0 } };
    server = await startWsServer(options, (ws, data, binary) => ws.send(data, { binary }));
    url = server.url;
  });
  afterAll(() => server.stop());

  for (const perMessageDeflate of WAYS) {
    it(`exchange messages of every size with ${JSON.stringify(perMessageDeflate)}`, async () => {
      const ws = await connect(url, { perMessageDeflate });
      expect(ws.extensions).toMatch(/^permessage-deflate/);
      await exchangeLengths(ws, SIZES);
      for (const size of SIZES) {
        const text = patternBytes(size, true).toString();
        await ws.send(['some', '', text]);
        expect((await ws.recv()) === `some${text}`).toBe(true);
      }
      await ws.close();
      expect(ws.closeCode).toBe(1000);
    });
  }

  it('keep long and short messages in order, and count what waits as buffered', async () => {
    const ws = await connect(url, { perMessageDeflate: true });
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 100_000 + i : i));
    const sent = sizes.map((size) => ws.send(patternBytes(size)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(ws.bufferedAmount).toBeGreaterThan(total * 0.9);
    for (const size of sizes) expect((await ws.recv()).length).toBe(size);
    await Promise.all(sent);
    expect(ws.bufferedAmount).toBe(0);
    await ws.close();
  });

  it('settle every send that is still to be compressed when the connection ends', async () => {
    const ws = await connect(url, { perMessageDeflate: true });
    const sent = Array.from({ length: 20 }, () => ws.send(Buffer.alloc(500_000, 'ab')));
    ws.terminate();
    const outcomes = await Promise.allSettled(sent);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('close after all that was still to be compressed', async () => {
    const ws = await connect(url, { perMessageDeflate: true });
    const sent = Array.from({ length: 5 }, () => ws.send(Buffer.alloc(200_000, 'ab')));
    await ws.close(1000);
    await Promise.all(sent);
    expect(ws.stats().messagesSent).toBe(5);
    expect(ws.closeCode).toBe(1000);
  });

  it('say in the events client that there is no room, and when there is', async () => {
    let drained = 0;
    const lengths: number[] = [];
    const handlers = {
      drain: () => void drained++,
      message: (_ws: unknown, data: Uint8Array) => void lengths.push(data.length),
    };
    const ws = await connectEvents(url, handlers, { perMessageDeflate: true });
    expect(ws.send(Buffer.alloc(200_000, 'a'))).toBe(false);
    ws.send('short');
    await until(() => drained > 0 && lengths.length === 2);
    expect(lengths).toEqual([200_000, 5]);
    ws.close();
  });
});

describe("ws's client at a compressing server of Wirespeed", () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve({
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0 },
      maxMessageSize: LIMIT,
      handlers: { message: echoOrClose },
    });
  });
  afterAll(() => server.close());

  for (const perMessageDeflate of [
    true,
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    { clientMaxWindowBits: 9, serverMaxWindowBits: 9 },
    { threshold: 0 },
  ]) {
    it(`exchanges messages of every size with ${JSON.stringify(perMessageDeflate)}`, async () => {
      const ws = new WebSocket(server.url, { perMessageDeflate });
      await once(ws, 'open');
      expect(ws.extensions).toBe('permessage-deflate');
      for (const size of SIZES) {
        for (const data of [patternBytes(size), patternBytes(size, true).toString()]) {
          ws.send(data);
          const [reply, isBinary] = (await once(ws, 'message')) as [RawData, boolean];
          expect(isBinary).toBe(typeof data !== 'string');
          expect(Buffer.compare(reply as Buffer, Buffer.from(data))).toBe(0);
        }
      }
      ws.close();
      await once(ws, 'close');
    });
  }

  it("serves Wirespeed's own clients just so, side by side", async () => {
    const clients: Connection[] = [];
    for (const perMessageDeflate of WAYS) {
      clients.push(await connect(server.url, { perMessageDeflate }));
    }
    for (const size of SIZES) {
      const text = patternBytes(size, true).toString();
      const replies = clients.map(async (ws) => {
        await ws.send(text);
        return ws.recv();
      });
      for (const reply of await Promise.all(replies)) expect(reply === text).toBe(true);
    }
    for (const ws of clients) await ws.close();
  });
});
