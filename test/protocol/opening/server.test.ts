import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scalarKernels } from '../../../src/kernels/scalar.ts';
import { parseHeadText } from '../../../src/protocol/opening/head.ts';
import { ServerOpening, serializeRefusal } from '../../../src/protocol/opening/server.ts';
import { sha1Base64 } from '../../support/endpoint.ts';
import { concat } from '../../support/frames.ts';
import {
  ACCEPT_TEXT,
  type HeaderChanges,
  KEY_TEXT,
  latin1,
  request,
} from '../../support/handshakes.ts';

/** Feeds a request in pieces of `size` bytes. Returns the opening and how many bytes were read. */
function ask(bytes: Uint8Array, size = bytes.length) {
  const opening = new ServerOpening(sha1Base64);
  let next = 0;
  while (next < bytes.length && opening.request === undefined && opening.refusal === undefined) {
    next = opening.receive(bytes, next, Math.min(next + size, bytes.length));
  }
  return { opening, next };
}

/** Returns the refusal of a request, and checks that it is the same one byte at a time. */
function refusalOf(bytes: Uint8Array) {
  const { refusal, request: accepted } = ask(bytes).opening;
  expect(accepted).toBeUndefined();
  if (refusal === undefined) throw new Error('the request was not refused');
  expect(ask(bytes, 1).opening.refusal).toEqual(refusal);
  const { status, headers = [], body } = refusal.answer;
  expect(refusal.error.message).toContain(String(status));
  return { status, headers: Object.fromEntries(headers), body };
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('latin1').split('\r\n');
}

describe("a client's request that is right (RFC 6455 §4.2.1)", () => {
  it.each<[string, HeaderChanges]>([
    [
      'as in RFC 6455 §1.2',
      { Origin: 'http://example.com', 'Sec-WebSocket-Protocol': 'chat, superchat' },
    ],
    ['with the words in other cases', { Upgrade: 'WEBsocket', Connection: 'UPGRADE' }],
    ['with further connection options', { Connection: 'keep-alive , Upgrade' }],
    ['with two Connection headers', { Connection: ['keep-alive', 'Upgrade'] }],
    ['with a list of protocols to upgrade to', { Upgrade: 'h2c, websocket' }],
    [
      'with extensions, which it does without',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    ],
    ['with an empty body', { 'Content-Length': '0' }],
    ['with a host that is an address', { Host: '[::1]:9001' }],
  ])('%s is accepted', (_, changes) => {
    const bytes = request(changes);
    for (const size of [1, 17, bytes.length]) {
      const { opening, next } = ask(bytes, size);
      expect(opening.refusal).toBeUndefined();
      expect(opening.request).toMatchObject({ target: '/chat' });
      expect(next).toBe(bytes.length);
    }
  });

  it('has target, host, origin, subprotocols and headers', () => {
    const changes = {
      Origin: 'http://example.com',
      'Sec-WebSocket-Protocol': ['chat', ' superchat,, x'],
      'X-A': 'é',
    };
    const { opening } = ask(request(changes, 'GET /a%20b?c=d HTTP/1.1'));
    expect(opening.request).toMatchObject({
      target: '/a%20b?c=d',
      host: 'server.example.com',
      origin: 'http://example.com',
      protocols: ['chat', 'superchat', 'x'],
    });
    expect(opening.request?.headers.get('x-a')).toBe('é');
  });

  it('has its method, and its headers as they were sent', () => {
    const changes = { 'X-A': ['1', ' 2\t'], 'x-a': ':3' };
    const { opening } = ask(request(changes));
    expect(opening.request?.method).toBe('GET');
    expect(opening.request?.rawHeaders.slice(-6)).toEqual(['X-A', '1', 'X-A', '2', 'x-a', ':3']);
    expect(opening.request?.rawHeaders).toHaveLength(16);
  });

  it('is shown without its secrets', () => {
    const { opening } = ask(request({ Authorization: 'secret' }, 'GET /a?token=secret HTTP/1.1'));
    const text = inspect(opening.request);
    expect(text).toMatch(
      /^UpgradeRequest \{\n {2}method: 'GET',\n {2}target: '\/a\?token=<hidden>'/,
    );
    expect(text).not.toContain('secret');
  });

  it('has no origin and no subprotocols if the client names none', () => {
    expect(ask(request()).opening.request).toMatchObject({ origin: undefined, protocols: [] });
  });

  it('may name subprotocols that mean something to JavaScript', () => {
    const { opening } = ask(request({ 'Sec-WebSocket-Protocol': '__proto__, constructor' }));
    expect(opening.request?.protocols).toEqual(['__proto__', 'constructor']);
  });

  it('may be of a later HTTP/1', () => {
    expect(ask(request({}, 'GET / HTTP/1.9')).opening.request).toBeDefined();
  });

  it('is read up to its end, since frames follow', () => {
    const bytes = request();
    expect(ask(concat(bytes, [0x81, 0x80])).next).toBe(bytes.length);
  });
});

describe("a client's request that is wrong (RFC 6455 §4.2.1)", () => {
  it.each([
    ['GET /', 400],
    ['GET  / HTTP/1.1', 400],
    ['GET /a b HTTP/1.1', 400],
    ['GET /\x80 HTTP/1.1', 400],
    ['GET / HTTP/1.1 ', 400],
    ['GET / http/1.1', 400],
    ['G(T / HTTP/1.1', 400],
    ['', 400],
    ['\x16\x03\x01\x02', 400],
    ['GET / HTTP/1.0', 505],
    ['GET / HTTP/0.9', 505],
    ['PRI * HTTP/2.0', 505],
    ['POST / HTTP/1.1', 405],
    ['get / HTTP/1.1', 405],
    ['HEAD / HTTP/1.1', 405],
  ])('with the request line %j is refused with %i', (line, status) => {
    expect(refusalOf(request({}, line)).status).toBe(status);
  });

  it.each([
    ['\x16\x03\x01\x02\x00\x01\x00', 1],
    ['SSH-2.0-OpenSSH_9.6\r\n', 20],
    ['hello, world', 6],
    ['EHLO example.com\r\n', 18],
    ['GET / HTTP/1.1\n', 15],
    ['GET /  HTTP/1.1\r\n', 17],
    ['\r\nGET / HTTP/1.1', 1],
    ['A'.repeat(100), 25],
  ])('that begins with %j is refused at the byte that tells', (text, telling) => {
    const bytes = latin1(text);
    expect(refusalOf(bytes)).toMatchObject({
      status: 400,
      body: 'the request line is not valid\n',
    });
    const { opening } = ask(bytes.subarray(0, telling - 1), 1);
    expect(opening.refusal).toBeUndefined();
    opening.receive(bytes, telling - 1, telling);
    expect(opening.refusal?.answer.status).toBe(400);
  });

  it('says which method would do', () => {
    expect(refusalOf(request({}, 'POST / HTTP/1.1')).headers).toEqual({ Allow: 'GET' });
  });

  it.each<[string, number, HeaderChanges]>([
    ['no Host', 400, { Host: undefined }],
    ['an empty Host', 400, { Host: '' }],
    ['two Hosts', 400, { Host: ['a', 'a'] }],
    ['no Upgrade', 426, { Upgrade: undefined }],
    ['another protocol', 426, { Upgrade: 'h2c' }],
    ['no Connection', 426, { Connection: undefined }],
    ['another connection option', 426, { Connection: 'keep-alive' }],
    ['no key', 400, { 'Sec-WebSocket-Key': undefined }],
    ['a key of other length', 400, { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }],
    ['a key that is not base64', 400, { 'Sec-WebSocket-Key': `${KEY_TEXT.slice(0, -3)}!==` }],
    ['two keys', 400, { 'Sec-WebSocket-Key': [KEY_TEXT, KEY_TEXT] }],
    ['no version', 426, { 'Sec-WebSocket-Version': undefined }],
    ['an older version', 426, { 'Sec-WebSocket-Version': '8' }],
    ['two versions', 426, { 'Sec-WebSocket-Version': ['13', '13'] }],
    ['a version that only begins so', 426, { 'Sec-WebSocket-Version': '130' }],
    ['a subprotocol with a space', 400, { 'Sec-WebSocket-Protocol': 'a b' }],
    ['a subprotocol in quotes', 400, { 'Sec-WebSocket-Protocol': '"a"' }],
    ['a subprotocol outside ASCII', 400, { 'Sec-WebSocket-Protocol': 'caf\xe9' }],
    ['a body of known length', 400, { 'Content-Length': '5' }],
    ['a body of two lengths', 400, { 'Content-Length': ['0', '5'] }],
    ['a body of negative length', 400, { 'Content-Length': '-0' }],
    ['a body in chunks', 400, { 'Transfer-Encoding': 'chunked' }],
    ['a control character', 400, { 'X-A': 'a\x00' }],
    ['a header without a name', 400, { '': 'a' }],
    ['white space before a colon', 400, { 'X-A ': 'a' }],
    ['a value of 16 KiB', 431, { 'X-A': 'x'.repeat(16_384) }],
    ['2000 headers', 431, { A: Array.from({ length: 2000 }, () => '') }],
  ])('with %s is refused with %i', (_, status, changes) => {
    const refusal = refusalOf(request(changes));
    expect(refusal.status).toBe(status);
    expect(refusal.body).toMatch(/^.+\n$/);
  });

  it('says which version would do (RFC 6455 §4.4)', () => {
    expect(refusalOf(request({ 'Sec-WebSocket-Version': '8' })).headers).toEqual({
      'Sec-WebSocket-Version': '13',
    });
  });

  it('says which protocol would do (RFC 9110 §15.5.22)', () => {
    expect(refusalOf(request({ Upgrade: undefined })).headers).toEqual({ Upgrade: 'websocket' });
  });

  it('is refused once 16 KiB of an endless head have arrived', () => {
    const endless = latin1(`GET /${'a'.repeat(20_000_000)}`);
    for (const size of [1, 1000, endless.length]) {
      const { opening } = ask(endless, size);
      expect(opening.refusal?.answer.status).toBe(431);
    }
  });
});

describe('an accepted request', () => {
  it('is answered as in RFC 6455 §1.3', () => {
    const { opening } = ask(request());
    const { response, agreement } = opening.accept('', []);
    expect(linesOf(response)).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${ACCEPT_TEXT}`,
      '',
      '',
    ]);
    expect(agreement).toMatchObject({ protocol: '', extensions: '' });
    expect(parseHeadText(agreement.head).headers).toEqual(opening.request?.headers);
    expect(opening.request?.headers).toBe(opening.request?.headers);
  });

  it('names the subprotocol chosen, and further headers', () => {
    const { response, agreement } = ask(request()).opening.accept('chat', [['X-A', 'é']]);
    expect(linesOf(response)).toContain('Sec-WebSocket-Protocol: chat');
    expect(linesOf(response)).toContain('X-A: é');
    expect(agreement.protocol).toBe('chat');
  });
});

describe('serializeRefusal', () => {
  it('writes status, headers and body, and ends the connection', () => {
    const answer = { status: 401, headers: [['WWW-Authenticate', 'Basic']] as const, body: 'é' };
    expect(linesOf(serializeRefusal(answer, scalarKernels))).toEqual([
      'HTTP/1.1 401 Unauthorized',
      'WWW-Authenticate: Basic',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Length: 2',
      'Connection: close',
      '',
      Buffer.from('é').toString('latin1'),
    ]);
  });

  it('uses the status and its reason as the body if none is given', () => {
    expect(linesOf(serializeRefusal({ status: 404 }, scalarKernels)).at(-1)).toBe(
      '404 Not Found\n',
    );
    expect(linesOf(serializeRefusal({ status: 418 }, scalarKernels))[0]).toBe(
      'HTTP/1.1 418 Refused',
    );
  });

  it("keeps the caller's Content-Type", () => {
    const headers = [['content-TYPE', 'text/html']] as const;
    const lines = linesOf(serializeRefusal({ status: 403, headers, body: '' }, scalarKernels));
    expect(lines.filter((line) => /^content-type/i.test(line))).toEqual([
      'content-TYPE: text/html',
    ]);
    expect(lines).toContain('Content-Length: 0');
  });
});

describe('a connection that ends before the handshake does', () => {
  it('makes an error that says how much of the request had arrived', () => {
    const bytes = request();
    expect(ask(new Uint8Array(0)).opening.receiveEof().message).toContain('without a request');
    for (let cut = 1; cut < bytes.length; cut++) {
      const { opening } = ask(bytes.subarray(0, cut));
      expect(opening.receiveEof().message).toContain('in the middle');
    }
    expect(ask(bytes).opening.receiveEof().message).toContain('before its request was answered');
  });
});
