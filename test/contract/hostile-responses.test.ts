/**
 * Responses that try to be two things at once, to be endless, or to take for ever to read.
 */
import { expect } from 'vitest';
import { type Opening, sendBytes, sendText } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const LINE = 'HTTP/1.1 101 Switching Protocols\r\n';

contract(
  'a hostile response',
  ({ connect, connectTo, script, face, it }) => {
    /** Connects to a peer that adds these lines to a response that is right. */
    async function refused(lines: string, opening: Opening = {}, options?: object): Promise<Error> {
      return rejection(
        connectTo([sendText('not a frame yet')], options, {
          opening: { ...opening, statusLine: `HTTP/1.1 101 Switching Protocols\r\n${lines}` },
        }),
      );
    }

    const smuggled: Readonly<Record<string, string>> = {
      'with a space before the colon': 'X : a',
      'with a folded line': 'X: a\r\n b',
      'with a folded line by a tab': 'X: a\r\n\tb',
      'with a line feed alone': 'X: a\nY: b',
      'with a carriage return alone': 'X: a\rY: b',
      'with a NUL': 'X: a\0',
      'with a line without a colon': 'X',
      'with a header without a name': ': a',
      'with two answers to the key': 'Sec-WebSocket-Accept: AAAA',
      'with two protocols to switch to': 'Upgrade: h2c',
      'with characters outside ASCII in the subprotocol': 'Sec-WebSocket-Protocol: caf\xe9',
      'with characters outside ASCII in the extensions': 'Sec-WebSocket-Extensions: \x80',
      'with an extension named like a property': 'Sec-WebSocket-Extensions: constructor',
      'with a parameter named like a property':
        'Sec-WebSocket-Extensions: permessage-deflate; __proto__=1',
      'with a subprotocol named like a property': 'Sec-WebSocket-Protocol: __proto__',
    };
    for (const [what, lines] of Object.entries(smuggled)) {
      it(`is refused ${what}`, async () => {
        const error = await refused(lines, {}, { protocols: ['chat'], perMessageDeflate: true });
        expect(error).toBeInstanceOf(face.errors.HandshakeError);
        expect(error).toMatchObject({ phase: 'upgrade' });
      });
    }

    it.everywhere('may have headers named like properties, which are only text', async () => {
      const { client } = await connectTo([sendText('hello')], undefined, {
        opening: { statusLine: `${LINE}__proto__: a\r\nconstructor: b\r\nX: \xe9` },
      });
      const { headers } = client.raw as { headers: ReadonlyMap<string, string> };
      expect(headers.get('__proto__')).toBe('a');
      expect(headers.get('constructor')).toBe('b');
      expect(headers.get('x')).toBe('é');
      expect(await client.recv()).toBe('hello');
    });

    it.everywhere('of 2,000 headers is refused', async () => {
      const lines = Array.from({ length: 2000 }, (_, i) => `X${i}:`).join('\r\n');
      expect(await refused(lines)).toBeInstanceOf(face.errors.HandshakeError);
    });

    for (const [what, piece] of Object.entries({
      'of headers without end': 'X: y\r\n'.repeat(100),
      'of one header without end': 'x'.repeat(1000),
      'of interim responses without end': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20),
    })) {
      it.everywhere(`${what} is refused, not waited for`, async () => {
        const response = what.includes('interim') ? piece : `${LINE}X: y\r\n${piece}`;
        const error = await rejection(
          connectTo([sendBytes(Buffer.from(piece), 200)], undefined, { opening: { response } }),
        );
        expect(error).toBeInstanceOf(face.errors.HandshakeError);
      });
    }

    it('is read in time in proportion to its length, whatever its headers hold', async () => {
      const since = performance.now();
      for (const name of [
        'Sec-WebSocket-Extensions',
        'Sec-WebSocket-Protocol',
        'Sec-WebSocket-Accept',
        'Connection',
        'X',
      ]) {
        for (const piece of [' ', ',', ';', '"', '\\', 'a;', 'a="', '"\\', ', ']) {
          const response = `${LINE}${name}: ${piece.repeat(15_000 / piece.length)}x\r\n\r\n`;
          const error = await rejection(
            connectTo([], { perMessageDeflate: true }, { opening: { response } }),
          );
          expect(error).toBeInstanceOf(face.errors.HandshakeError);
        }
      }
      expect(performance.now() - since).toBeLessThan(5000);
    });

    it('never gets a space or a line break of the URL into the request', async () => {
      // CVE-2026-1527: URL parsers leave line breaks out, and percent-encode what else they must.
      const breaks = [
        (url: string) => `${url}&q= HTTP/1.1\tX`,
        (url: string) => new URL(`${url}&q=\r\nX-Injected: 1`),
        (url: string) => new URL(`${url}&q=\0X HTTP/1.1\nX-Injected: 1`),
      ];
      for (const broken of breaks) {
        const target = script([]);
        const other = await connect(broken(target.url));
        other.terminate();
        const { request } = await target.seen();
        expect(request.line).toMatch(/^GET [\x21-\x7e]+ HTTP\/1\.1$/);
        expect(request.headers.map(([field]) => field)).not.toContain('X-Injected');
      }
    });
  },
  ['plain', 'over TLS'],
);

contract(
  'a hostile response',
  ({ connectTo, face, it }) => {
    it.everywhere('of headers without end is refused although it comes byte by byte', async () => {
      const response = `${LINE}X: y\r\n`;
      const steps = [sendBytes(Buffer.from('X: y\r\n'.repeat(100)), 200)];
      const error = await rejection(connectTo(steps, undefined, { opening: { response } }));
      expect(error).toBeInstanceOf(face.errors.HandshakeError);
      expect(error.message).toContain('the head is larger than 16384 bytes');
    });
  },
  ['byte by byte', 'byte by byte below TLS'],
);
