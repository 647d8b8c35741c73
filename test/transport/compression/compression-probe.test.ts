/**
 * Compression is tried before a client offers it or a server accepts it.
 */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../support/run-program.ts';

/** Changes to a zlib stream, as another version of Node.js may have them. */
const CHANGES: Readonly<Record<string, string>> = {
  'has no such call': 'Object.getPrototypeOf(stream._handle).writeSync = undefined;',
  'has its state elsewhere': 'stream._writeState = undefined;',
  'makes something else': `
    const { writeSync } = stream._handle;
    stream._handle.writeSync = (...args) => {
      writeSync.apply(stream._handle, args);
      args[4].fill(1);
    };`,
};

describe('where the zlib of Node.js', () => {
  it.each(Object.keys(CHANGES))(
    '%s, compression is neither offered nor accepted, and one warning says so',
    async (change) => {
      const { lines, stderr, code } = await runProgram(`
        import zlib from 'node:zlib';
        const { createInflateRaw } = zlib;
        const value = (options) => {
          const stream = createInflateRaw(options);
          ${CHANGES[change]}
          return stream;
        };
        Object.defineProperty(zlib, 'createInflateRaw', { value });
        const { connect } = await import('wirespeed');
        const { serve } = await import('wirespeed/server');
        const perMessageDeflate = { threshold: 0 };
        const server = await serve({
          perMessageDeflate,
          request: ({ headers }) => console.log('offered', headers.get('sec-websocket-extensions')),
          handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
        });
        const ws = await connect(server.url, { perMessageDeflate });
        await ws.send('hello');
        console.log(await ws.recv(), JSON.stringify(ws.extensions));
        await ws.close();
        // A client that offers compression all the same is not granted it.
        const { request } = await import('node:http');
        const headers = {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': 13,
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'sec-websocket-extensions': 'permessage-deflate',
        };
        const asking = request(server.url.replace('ws:', 'http:'), { headers }).end();
        const socket = await new Promise((resolve) => {
          asking.on('upgrade', ({ headers }, socket) => {
            console.log('accepted', headers['sec-websocket-extensions']);
            resolve(socket);
          });
        });
        socket.destroy();
        await server.close();`);
      expect(lines).toEqual([
        'offered undefined',
        'hello ""',
        'offered permessage-deflate',
        'accepted undefined',
      ]);
      const warnings = stderr.split('\n').filter((line) => line.includes('Warning'));
      expect(warnings).toEqual([
        expect.stringMatching(
          /\[WS_COMPRESSION_UNSUPPORTED\] Warning: wirespeed: compression does not work on Node\.js v.*; connections do without it$/,
        ),
      ]);
      expect(code).toBe(0);
    },
  );
});
