/** Options of ws, of `http.request` and of `tls` are answered with what does that here. */
import { expect } from 'vitest';
import { ECHO } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const ANSWERS: Readonly<Record<string, RegExp>> = {
  agent: /'tls'/,
  path: /part of the URL/,
  hostname: /part of the URL/,
  maxPayload: /'maxMessageSize'/,
  handshakeTimeout: /'connectTimeout'/,
  timeout: /'connectTimeout'/,
  rejectUnauthorized: /{ tls: { rejectUnauthorized } }/,
  ca: /{ tls: { ca } }/,
  cert: /{ tls: { cert } }/,
  key: /{ tls: { key } }/,
  servername: /{ tls: { servername } }/,
  checkServerIdentity: /{ tls: { checkServerIdentity } }/,
  minVersion: /{ tls: { minVersion } }/,
  lookup: /opens its TCP connection itself/,
  family: /opens its TCP connection itself/,
  localAddress: /opens its TCP connection itself/,
  createConnection: /opens its TCP connection itself/,
  generateMask: /'generateMaskingKey'/,
  maxRedirects: /'followRedirects'/,
  protocol: /'protocols'/,
  protocolVersion: /version 13/,
  skipUTF8Validation: /always checked/,
  allowSynchronousEvents: /always delivered/,
  finishRequest: /'headers'/,
  threshold: /{ perMessageDeflate: { threshold } }/,
  zlibDeflateOptions: /{ perMessageDeflate: { zlibDeflateOptions } }/,
};

const DEFLATE_ANSWERS: Readonly<Record<string, RegExp>> = {
  zlibDeflateOptions: /{ level, memLevel }/,
  zlibInflateOptions: /cannot be set/,
  concurrencyLimit: /cannot be set/,
  maxPayload: /'maxMessageSize'/,
  server_no_context_takeover: /'serverNoContextTakeover'/,
};

contract(
  'an option of another library',
  ({ connect, script, face, it }) => {
    for (const [name, answer] of Object.entries(ANSWERS)) {
      it(`named ${name} is answered`, async () => {
        const target = script([ECHO]);
        const error = await rejection(connect(target, { [name]: 1 }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(new RegExp(`^connect: unknown option '${name}'; `));
        expect(error.message).toMatch(answer);
        expect(await target.seenSoFar()).toBeUndefined();
      });
    }

    for (const [name, answer] of Object.entries(DEFLATE_ANSWERS)) {
      it(`named ${name} inside perMessageDeflate is answered`, async () => {
        const error = await rejection(connect(script([]), { perMessageDeflate: { [name]: 1 } }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(answer);
      });
    }

    for (const followRedirects of [true, false, 5, '1']) {
      it(`followRedirects: ${JSON.stringify(followRedirects)} is answered`, async () => {
        const error = await rejection(connect(script([]), { followRedirects }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(
          /accepts only 0 .*: the error of a redirect names its target/,
        );
      });
    }

    for (const protocols of ['chat', ['chat', 'talk']]) {
      const shown = JSON.stringify(protocols);
      it.everywhere(`subprotocols in place of options, as in ${shown}, are answered`, async () => {
        const error = await rejection(face.connect(script([]).url, protocols));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/subprotocols go into { protocols }/);
      });
    }
  },
  ['plain'],
);
