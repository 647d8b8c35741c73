import { describe, expect, it } from 'vitest';
import {
  HandshakeError,
  HandshakeStatusError,
  InvalidHeaderError,
  NegotiationError,
} from '../../../src/errors.ts';
import { ClientOpening, type OpeningAgreement } from '../../../src/protocol/opening/client.ts';
import { parseHeadText } from '../../../src/protocol/opening/head.ts';
import { sha1Base64 } from '../../support/endpoint.ts';
import { concat } from '../../support/frames.ts';
import {
  ACCEPT_TEXT,
  type HeaderChanges,
  head,
  KEY_TEXT,
  latin1,
  NONCE,
  response,
} from '../../support/handshakes.ts';

interface Asked {
  protocols?: readonly string[];
  headers?: readonly (readonly [string, string])[];
}

function openingFor({ protocols = [], headers = [] }: Asked = {}): ClientOpening {
  const options = { host: 'server.example.com', target: '/chat?a=b', protocols, headers };
  return new ClientOpening(options, NONCE, sha1Base64);
}

/** Feeds a response in pieces of `size` bytes. Returns the result and how many bytes were read. */
function answer(bytes: Uint8Array, asked?: Asked, size = bytes.length) {
  const opening = openingFor(asked);
  let next = 0;
  while (next < bytes.length && opening.result === undefined) {
    next = opening.receive(bytes, next, Math.min(next + size, bytes.length));
  }
  return { result: opening.result, next, opening };
}

/** The message without its quote of the response, whose length depends on how much had arrived. */
function withoutQuote({ message }: HandshakeError): string {
  return message.replace(/begins with .*/, '');
}

/** Returns the error of a response that fails, and checks that it is the same one byte at a time. */
function failureOf(bytes: Uint8Array, asked?: Asked): HandshakeError {
  const { result } = answer(bytes, asked);
  if (!(result instanceof HandshakeError)) throw new Error('the handshake did not fail');
  const { result: slow } = answer(bytes, asked, 1);
  expect(withoutQuote(slow as HandshakeError)).toBe(withoutQuote(result));
  expect(result.phase).toBe('upgrade');
  return result;
}

function linesOf(request: Uint8Array): string[] {
  const text = Buffer.from(request).toString('latin1');
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  return text.slice(0, -4).split('\r\n');
}

describe("the client's request (RFC 6455 §4.1)", () => {
  it('has all that it must have, and nothing else', () => {
    expect(linesOf(openingFor().request)).toEqual([
      'GET /chat?a=b HTTP/1.1',
      'Host: server.example.com',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${KEY_TEXT}`,
      'Sec-WebSocket-Version: 13',
    ]);
  });

  it('offers the subprotocols in order, in one header', () => {
    const lines = linesOf(openingFor({ protocols: ['chat', 'superchat'] }).request);
    expect(lines).toContain('Sec-WebSocket-Protocol: chat, superchat');
  });

  it("adds the caller's headers, a Host among them in place of its own", () => {
    const lines = linesOf(
      openingFor({
        headers: [
          ['hOST', 'other'],
          ['X-A', 'é'],
        ],
      }).request,
    );
    expect(lines.filter((line) => /^host:/i.test(line))).toEqual(['hOST: other']);
    expect(lines).toContain('X-A: é');
  });
});

describe("a server's response that is right", () => {
  it.each<[string, HeaderChanges]>([
    ['as in RFC 6455 §1.3', {}],
    ['with the words in other cases', { Upgrade: 'WebSocket', Connection: 'uPGRADE' }],
    ['with further connection options', { Connection: 'keep-alive, Upgrade' }],
    ['with two Connection headers', { Connection: ['keep-alive', 'Upgrade'] }],
    ['with white space around the key', { 'Sec-WebSocket-Accept': `  ${ACCEPT_TEXT}\t ` }],
    [
      'with headers that mean nothing to it',
      { Server: 'x', ['__proto__']: 'y', 'Content-Length': '5' },
    ],
  ])('%s is accepted', (_, changes) => {
    const bytes = response(changes);
    for (const size of [1, 13, bytes.length]) {
      const { result, next } = answer(bytes, {}, size);
      expect(result).toMatchObject({ protocol: '', extensions: '' });
      expect(next).toBe(bytes.length);
    }
  });

  it('may have another reason or none', () => {
    for (const reason of ['', ' ', ' OK', ' Wechsel möglich']) {
      const { result } = answer(response({}, `HTTP/1.1 101${reason}`));
      expect(result).not.toBeInstanceOf(HandshakeError);
    }
  });

  it('is read up to its end, since frames follow', () => {
    const bytes = response();
    const { next } = answer(concat(bytes, [0x81, 0]));
    expect(next).toBe(bytes.length);
  });

  it('may choose one of the subprotocols offered, or none', () => {
    const asked = { protocols: ['a', 'b'] };
    expect(answer(response({ 'Sec-WebSocket-Protocol': 'b' }), asked).result).toMatchObject({
      protocol: 'b',
    });
    expect(answer(response(), asked).result).toMatchObject({ protocol: '' });
  });

  it('hands on its headers', () => {
    const { result } = answer(response({ 'Set-Cookie': ['a=1', 'b=2'] }));
    expect(parseHeadText((result as OpeningAgreement).head).headers.get('set-cookie')).toBe(
      'a=1, b=2',
    );
  });

  it('may come after interim responses, eight at most (RFC 9110 §15.2)', () => {
    const interim = [100, 102, 103, 199].map((status) =>
      head(`HTTP/1.1 ${status} Wait`, { A: 'b' }),
    );
    const bytes = concat(...interim, ...interim, response());
    expect(answer(bytes).result).toMatchObject({ protocol: '' });
    expect(answer(bytes, {}, 1).result).toMatchObject({ protocol: '' });
    const tooMany = failureOf(concat(...interim, ...interim, head('HTTP/1.1 100 Continue')));
    expect((tooMany as HandshakeStatusError).status).toBe(100);
  });
});

describe("a server's response that is wrong (RFC 6455 §4.1)", () => {
  it.each<[string, string, HeaderChanges]>([
    ['no Upgrade header', 'upgrade', { Upgrade: undefined }],
    ['another protocol', 'upgrade', { Upgrade: 'h2c' }],
    ['two protocols', 'upgrade', { Upgrade: 'websocket, h2c' }],
    ['an empty Upgrade header', 'upgrade', { Upgrade: '' }],
    ['no Connection header', 'connection', { Connection: undefined }],
    ['another connection option', 'connection', { Connection: 'close' }],
    ['an option that only begins so', 'connection', { Connection: 'upgrades' }],
    ['no key', 'sec-websocket-accept', { 'Sec-WebSocket-Accept': undefined }],
    ['a wrong key', 'sec-websocket-accept', { 'Sec-WebSocket-Accept': KEY_TEXT }],
    ['an empty key', 'sec-websocket-accept', { 'Sec-WebSocket-Accept': '' }],
    [
      'a key in other case',
      'sec-websocket-accept',
      { 'Sec-WebSocket-Accept': ACCEPT_TEXT.toUpperCase() },
    ],
    ['two keys', 'sec-websocket-accept', { 'Sec-WebSocket-Accept': [ACCEPT_TEXT, ACCEPT_TEXT] }],
    [
      'a key outside ASCII',
      'sec-websocket-accept',
      { 'Sec-WebSocket-Accept': `${ACCEPT_TEXT}\xa0` },
    ],
    [
      'a subprotocol outside ASCII',
      'sec-websocket-protocol',
      { 'Sec-WebSocket-Protocol': 'caf\xe9' },
    ],
    ['a control character', 'x-a', { 'X-A': 'a\x01' }],
  ])('with %s fails, naming the header', (_, header, changes) => {
    const error = failureOf(response(changes));
    expect(error).toBeInstanceOf(InvalidHeaderError);
    expect((error as InvalidHeaderError).header).toBe(header);
    expect(error.message).toContain(header);
  });

  it.each(['permessage-deflate', 'x; a=b', '__proto__', ''])(
    'with the extension %j, which was not offered, fails',
    (extension) => {
      const error = failureOf(response({ 'Sec-WebSocket-Extensions': extension }));
      expect(error).toBeInstanceOf(NegotiationError);
    },
  );

  it.each<[string | readonly string[], readonly string[]]>([
    ['a', []],
    ['c', ['a', 'b']],
    ['A', ['a', 'b']],
    ['', ['a', 'b']],
    ['a, b', ['a', 'b']],
    [
      ['a', 'a'],
      ['a', 'b'],
    ],
    ['__proto__', ['a']],
    ['constructor', []],
  ])('with the subprotocol %j where %j were offered fails', (protocol, protocols) => {
    const error = failureOf(response({ 'Sec-WebSocket-Protocol': protocol }), { protocols });
    expect(error).toBeInstanceOf(NegotiationError);
  });

  it('says what was offered', () => {
    const changes = { 'Sec-WebSocket-Protocol': 'x' };
    expect(failureOf(response(changes)).message).toContain('(offered: none)');
    expect(failureOf(response(changes), { protocols: ['a', 'b'] }).message).toContain(
      '(offered: a, b)',
    );
  });

  it.each([
    'HTTP/2 101 Switching Protocols',
    'HTTP/1.0 101 Switching Protocols',
    'HTTP/1.2 101 Switching Protocols',
    'http/1.1 101 Switching Protocols',
    'HTTP/1.1  101 Switching Protocols',
    'HTTP/1.1 101Switching',
    'HTTP/1.1 1010 Switching',
    'HTTP/1.1 600 What',
    'HTTP/1.1 099 What',
    'HTTP/1.1 101 a\x01b',
    'SSH-2.0-OpenSSH_9.6',
    '',
  ])('with the status line %j fails', (line) => {
    const error = failureOf(response({}, line));
    expect(error.message).toContain('not valid HTTP');
    expect(error).not.toBeInstanceOf(InvalidHeaderError);
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.6\r\n', 'it begins with "SSH-2.0-OpenSSH_9.6"', 1],
    ['220 mail.example ESMTP', 'it begins with "220 mail.example ESMTP"', 1],
    ['-ERR wrong\r\nmore', 'it begins with "-ERR wrong"', 1],
    ['HTTP/2.0', 'it begins with "HTTP/2.0"', 6],
    ['HTTP/1.1 lots of words\r\n', 'it begins with "HTTP/1.1 lots of words"', 24],
    ['\x00\x9b\xff\n', 'it begins with "\\u0000\\u009b\xff"', 1],
    ['x'.repeat(1000), `it begins with "${'x'.repeat(32)}"`, 1],
    [`x${'y'.repeat(1000)}\r\n`, `it begins with "x${'y'.repeat(79)}"`, 1],
    ['\x15\x03\x01\x00\x02\x02\x0a', 'it is TLS; is it a wss: URL?', 1],
    ['\x16\x03\x03', 'it is TLS; is it a wss: URL?', 1],
  ])('that begins with %j fails at once, and says so', (text, what, telling) => {
    const bytes = latin1(text);
    expect(failureOf(bytes).message).toBe(`the server's response is not valid HTTP: ${what}`);
    const { opening } = answer(bytes.subarray(0, telling - 1));
    expect(opening.result).toBeUndefined();
    opening.receive(bytes, telling - 1, telling);
    expect(opening.result).toBeInstanceOf(HandshakeError);
  });

  it('that is not HTTP after an interim one fails at once as well', () => {
    const bytes = concat(head('HTTP/1.1 100 Continue'), latin1('SSH'));
    expect(failureOf(bytes).message).toContain('it begins with "SSH"');
  });

  it('with a head of more than 16 KiB or 128 headers fails', () => {
    expect(failureOf(response({ A: 'x'.repeat(16_384) })).message).toContain('16384');
    const many = Array.from({ length: 2000 }, () => 'x');
    expect(failureOf(response({ A: many })).message).toContain('128');
    const endless = new Uint8Array(20_000_000).fill(0x61);
    expect(answer(endless, {}, 1000).result).toBeInstanceOf(HandshakeError);
  });
});

describe("a server's refusal", () => {
  it.each([
    ['HTTP/1.1 401 Unauthorized', 401, 'Unauthorized'],
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.1 302 Found', 302, 'Found'],
    ['HTTP/1.1 503', 503, ''],
    ['HTTP/1.0 404 Not Found', 404, 'Not Found'],
  ])('%s tells status, headers and body', (line, status, statusText) => {
    const bytes = concat(head(line, { 'Content-Length': '4', 'X-A': ['1', '2'] }), latin1('body'));
    const error = failureOf(bytes) as HandshakeStatusError;
    expect(error).toBeInstanceOf(HandshakeStatusError);
    expect(error).toMatchObject({ status, statusText });
    expect(error.headers.get('x-a')).toBe('1, 2');
    expect(Buffer.from(error.body).toString()).toBe('body');
    expect(error.message).toContain(`${status}${statusText && ` ${statusText}`} instead`);
  });

  it('is known at once if it has no body', () => {
    expect(failureOf(head('HTTP/1.1 204 No Content'))).toMatchObject({ status: 204 });
    expect(failureOf(head('HTTP/1.1 403 No', { 'Content-Length': '0' }))).toMatchObject({
      status: 403,
    });
  });

  it('in chunks is read to its end', () => {
    const text = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
    const error = failureOf(
      concat(head('HTTP/1.1 500 No', { 'Transfer-Encoding': 'chunked' }), latin1(text)),
    );
    expect(Buffer.from((error as HandshakeStatusError).body).toString()).toBe('hello world');
  });

  it('ends with the connection if it does not say its length, or is cut off', () => {
    for (const headers of [{}, { 'Content-Length': '100' }, { 'Transfer-Encoding': 'chunked' }]) {
      const { opening } = answer(concat(head('HTTP/1.1 500 No', headers), latin1('4\r\nbody')));
      expect(opening.result).toBeUndefined();
      opening.receiveEof();
      expect(opening.result).toBeInstanceOf(HandshakeStatusError);
      expect((opening.result as HandshakeStatusError).body.length).toBeGreaterThanOrEqual(4);
    }
  });

  it('of more than 64 KiB keeps the first 64 KiB', () => {
    const bytes = concat(head('HTTP/1.1 500 No'), new Uint8Array(70_000).fill(0x78));
    expect((failureOf(bytes) as HandshakeStatusError).body.length).toBe(65_536);
  });
});

describe('a connection that ends during the handshake', () => {
  it('without a byte of the response says so', () => {
    const { opening } = answer(new Uint8Array(0));
    opening.receiveEof();
    expect((opening.result as HandshakeError).message).toContain('without answering');
  });

  it('in the middle of the response, at every byte, says so', () => {
    const bytes = response();
    for (let cut = 1; cut < bytes.length; cut++) {
      const { opening } = answer(bytes.subarray(0, cut));
      opening.receiveEof();
      expect((opening.result as HandshakeError).message).toContain('in the middle');
    }
  });
});
