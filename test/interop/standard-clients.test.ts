/**
 * The WebSocket of other runtimes, of undici and of a browser, as clients of Wirespeed's server: all
 * have the standard's interface, so that one program talks through each of them.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServeOptions, type Server, serve } from 'wirespeed/server';
import { BROWSER, CLIENTS } from './standard-clients.ts';

let server: Server | undefined;
/** What the last connection came to, seen from the server. */
let ended: Promise<{ code: number; reason: string; bytesReceived: number; bytesSent: number }>;
let pong: Promise<string>;

/** An echo server that also does what it is told. */
async function listen(options: Partial<ServeOptions<unknown>> = {}): Promise<string> {
  let tellEnd: (value: Awaited<typeof ended>) => void;
  ended = new Promise((resolve) => {
    tellEnd = resolve;
  });
  let tellPong: (value: string) => void;
  pong = new Promise((resolve) => {
    tellPong = resolve;
  });
  server = await serve({
    host: '127.0.0.1',
    maxMessageSize: 64 * 1024 * 1024,
    protocols: ['b'],
    ...options,
    handlers: {
      message(ws, data, isText) {
        const order = isText && data.length < 20 ? Buffer.from(data).toString() : undefined;
        if (order === 'close me') ws.close(4000, 'as you wish — gladly');
        else if (order === 'leave me') ws.terminate();
        else if (order === 'ping me') ws.ping('are you there?');
        else ws.send(data, { text: isText });
      },
      pong(ws, data) {
        tellPong(Buffer.from(data).toString());
        ws.close();
      },
      close(ws, code, reason) {
        const { bytesReceived, bytesSent } = ws.stats();
        tellEnd({ code, reason, bytesReceived, bytesSent });
      },
    },
  });
  return server.url;
}

afterEach(() => server?.close());

for (const client of CLIENTS) {
  describe.runIf(client.isPresent)(`the WebSocket of ${client.name} at Wirespeed's server`, () => {
    beforeAll(() => client.start());
    afterAll(() => client.stop());

    it('exchanges text and binary of every length form', async () => {
      expect(await client.converse(await listen(), 'echo')).toEqual({ wrong: [] });
    });

    it('exchanges messages of 8 MiB', async () => {
      expect(await client.converse(await listen(), 'large')).toEqual({ wrong: [] });
    });

    it('agrees on a subprotocol, and on no compression where the server has none', async () => {
      const seen = await client.converse(await listen(), 'negotiate');
      expect(seen).toMatchObject({ protocol: 'b', extensions: '' });
    });

    it('closes with a code and a reason', async () => {
      const url = await listen();
      const seen = await client.converse(url, 'close');
      expect(seen.close).toMatchObject({ code: 4001, wasClean: true });
      expect(await ended).toMatchObject({ code: 4001, reason: 'enough — as agreed' });
    });

    it('closes without a code', async () => {
      const seen = await client.converse(await listen(), 'negotiate');
      expect(seen.close).toMatchObject({ wasClean: true });
      expect([1000, 1005]).toContain((await ended).code);
    });

    it('is closed with a code and a reason', async () => {
      const seen = await client.converse(await listen(), 'order', 'close me');
      const close = { code: 4000, reason: 'as you wish — gladly' };
      expect(seen.close).toEqual({ ...close, wasClean: true });
      expect(await ended).toMatchObject({ code: 4000 });
    });

    it('sees that a connection is lost', async () => {
      const seen = await client.converse(await listen(), 'order', 'leave me');
      expect(seen.close).toMatchObject({ reason: '', wasClean: false });
      // Deno says 0.
      expect([1006, 0]).toContain(seen.close?.code);
    });

    it('answers a ping', async () => {
      await client.converse(await listen(), 'order', 'ping me');
      expect(await pong).toBe('are you there?');
    });

    if (client === BROWSER) {
      it('is let in from an origin that is listed, and refused from another', async () => {
        const listed = await listen({ origins: [BROWSER.origin] });
        expect(await client.converse(listed, 'echo')).toEqual({ wrong: [] });
        await server?.close();
        const other = await listen({ origins: ['http://example.com'] });
        const seen = await client.converse(other, 'echo');
        expect(seen).toMatchObject({ refused: { code: 1006, wasClean: false } });
      });
    }

    if (client.compression === 'none') return;
    describe('with compression', () => {
      it('agrees on it, and compresses', async () => {
        const url = await listen({ perMessageDeflate: true });
        const { extensions } = await client.converse(url, 'negotiate');
        expect(extensions).toMatch(/^permessage-deflate/);
        await server?.close();
        const other = await listen({ perMessageDeflate: true });
        const { isSame, length } = await client.converse(other, 'repetitive');
        expect([isSame, length]).toEqual([true, 160_000]);
        const { bytesReceived, bytesSent } = await ended;
        expect(bytesSent).toBeLessThan(3000);
        if (client.compression === 'both') expect(bytesReceived).toBeLessThan(3000);
      });

      it('exchanges text and binary of every length form', async () => {
        const url = await listen({ perMessageDeflate: { threshold: 0 } });
        expect(await client.converse(url, 'echo')).toEqual({ wrong: [] });
      });

      it('keeps to no context takeover and a small window', async () => {
        const url = await listen({
          perMessageDeflate: {
            threshold: 0,
            serverNoContextTakeover: true,
            clientNoContextTakeover: true,
            serverMaxWindowBits: 10,
          },
        });
        expect(await client.converse(url, 'echo')).toEqual({ wrong: [] });
      });
    });
  });
}
