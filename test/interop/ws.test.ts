/**
 * Wirespeed and the npm package `ws`, each as the client of the other's server.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';
import { type RawData, WebSocket } from 'ws';
import { patternBytes } from '../support/peer/pattern.mjs';
import {
  echoOrClose,
  exchangeLengths,
  exchangeRepetitive,
  haveClosed,
  LENGTHS,
  receiveFragments,
  sendFragments,
  startWsServer,
  type WsServer,
} from './exchange.ts';

describe("Wirespeed's clients at a server of ws", () => {
  let server: WsServer;
  let url: string;
  beforeAll(async () => {
    server = await startWsServer(
      {
        perMessageDeflate: true,
        handleProtocols: (protocols) => [...protocols].at(-1) ?? false,
      },
      (ws, data, isBinary) => {
        if (String(data) === 'close me') ws.close(4000, 'as you wish');
        else if (String(data) === 'fragments') {
          ws.send('one ', { fin: false });
          ws.ping('between');
          ws.send('two', { fin: true });
        } else ws.send(data, { binary: isBinary });
      },
    );
    url = server.url;
  });
  afterAll(() => server.stop());

  it('exchange text and binary of every length form', async () => {
    const ws = await connect(url);
    await exchangeLengths(ws);
    await ws.close(1000, 'done');
    expect(ws.closeCode).toBe(1000);
  });

  it('exchange compressed text and binary of every length form', async () => {
    const ws = await connect(url, { perMessageDeflate: { threshold: 0 } });
    expect(ws.extensions).toBe('permessage-deflate');
    await exchangeLengths(ws);
    await exchangeRepetitive(ws);
    await receiveFragments(ws);
    await sendFragments(ws);
    await ws.close();
  });

  it('agree on a subprotocol, and on no compression that they did not offer', async () => {
    const ws = await connect(url, { protocols: ['a', 'b'] });
    expect([ws.protocol, ws.extensions]).toEqual(['b', '']);
    await ws.close();
  });

  it('ping, take fragments and are closed', async () => {
    const ws = await connect(url);
    expect(await ws.ping()).toBeGreaterThanOrEqual(0);
    await receiveFragments(ws);
    await sendFragments(ws);
    await haveClosed(ws);
  });

  it('exchange messages through handlers', async () => {
    const received = await new Promise<string[]>((resolve) => {
      const messages: string[] = [];
      void connectEvents(url, {
        open(ws) {
          for (let i = 0; i < 1000; i++) ws.send(`${i}`);
        },
        message(ws, data) {
          if (messages.push(Buffer.from(data).toString()) === 1000) ws.close();
        },
        close: () => resolve(messages),
      });
    });
    expect(received).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
  });
});

describe("a client of ws at Wirespeed's server", () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve({
      host: '127.0.0.1',
      protocols: ['b'],
      handlers: { message: echoOrClose },
    });
  });
  afterAll(() => server.close());

  async function open(
    options: { perMessageDeflate?: boolean | object } = {},
    url = server.url,
  ): Promise<WebSocket> {
    const ws = new WebSocket(url, ['a', 'b'], options);
    await once(ws, 'open');
    return ws;
  }

  async function next(ws: WebSocket): Promise<[Buffer, boolean]> {
    const [data, isBinary] = (await once(ws, 'message')) as [RawData, boolean];
    return [data as Buffer, isBinary];
  }

  it('exchanges text and binary of every length form', async () => {
    // ws offers compression by default: the server must leave it out.
    const ws = await open();
    expect([ws.protocol, ws.extensions]).toEqual(['b', '']);
    for (const size of LENGTHS) {
      const bytes = patternBytes(size);
      ws.send(bytes);
      const [binary, isBinary] = await next(ws);
      expect([isBinary, Buffer.compare(binary, bytes)]).toEqual([true, 0]);
      ws.send(patternBytes(size, true).toString());
      const [text, isNoText] = await next(ws);
      expect([isNoText, Buffer.compare(text, patternBytes(size, true))]).toEqual([false, 0]);
    }
    ws.close(1000, 'done');
    expect((await once(ws, 'close'))[0]).toBe(1000);
  });

  it.each([
    ['its defaults', true, {}],
    ['no context takeover', true, { serverNoContextTakeover: true, clientNoContextTakeover: true }],
    ['small windows', { clientMaxWindowBits: 9, serverMaxWindowBits: 10 }, {}],
  ])('exchanges compressed messages with %s', async (_, theirs, ours) => {
    const other = await serve({
      host: '127.0.0.1',
      protocols: ['b'],
      perMessageDeflate: { threshold: 0, ...ours },
      handlers: { message: echoOrClose },
    });
    try {
      const perMessageDeflate = { threshold: 0, ...(theirs === true ? {} : theirs) };
      const ws = await open({ perMessageDeflate }, other.url);
      expect(ws.extensions).toBe('permessage-deflate');
      for (const size of LENGTHS) {
        ws.send(patternBytes(size));
        const [binary] = await next(ws);
        expect(Buffer.compare(binary, patternBytes(size))).toBe(0);
      }
      ws.send('one ', { fin: false });
      ws.send('two', { fin: true });
      expect(String((await next(ws))[0])).toBe('one two');
      ws.close();
      await once(ws, 'close');
    } finally {
      await other.close();
    }
  });

  it('pings, sends fragments and is closed', async () => {
    const ws = await open({ perMessageDeflate: false });
    ws.ping('p');
    expect(String((await once(ws, 'pong'))[0])).toBe('p');
    ws.send('one ', { fin: false });
    ws.ping();
    ws.send('two', { fin: true });
    expect(String((await next(ws))[0])).toBe('one two');
    ws.send('close me');
    const [code, reason] = (await once(ws, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4000, 'as you wish']);
  });

  it('is told 1001 when the server closes', async () => {
    const other = await serve({ host: '127.0.0.1', handlers: {} });
    const ws = new WebSocket(other.url);
    await once(ws, 'open');
    const closed = once(ws, 'close');
    await other.close();
    expect((await closed)[0]).toBe(1001);
  });
});
