/**
 * Requests that can be read in two ways, that never end, or whose client stays. Each is answered once and in time, and
 * its socket is closed.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import type { Server, UpgradeRequest } from 'wirespeed/server';
import { concat, frame, KEY } from '../support/frames.ts';
import { latin1, request } from '../support/handshakes.ts';
import { until } from '../support/until.ts';
import { exchange, open, sockets, start } from './running-server.ts';

/** Starts a server that collects the requests that its hook is given. */
async function recording(
  options: object = {},
): Promise<{ server: Server; told: UpgradeRequest[] }> {
  const told: UpgradeRequest[] = [];
  const server = await start({
    request(upgrade) {
      told.push(upgrade);
      return undefined;
    },
    ...options,
  });
  return { server, told };
}

/** The sample request with more header lines, or with other ones. */
function raw(lines: string, startLine?: string): Uint8Array {
  const text = Buffer.from(request({}, startLine)).toString('latin1');
  return latin1(text.replace('\r\n\r\n', `\r\n${lines}\r\n\r\n`));
}

describe('a request that could be read in two ways', () => {
  // CVE-2026-69243: one program takes for a body what another takes for frames or for the next request.
  const smuggled = concat(
    frame({ opcode: 1, payload: 'smuggled', key: KEY }),
    Buffer.from('GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  it.each<[string, Uint8Array, number]>([
    ['with a length', raw('Content-Length: 5'), 400],
    ['with two lengths', raw('Content-Length: 0\r\nContent-Length: 0'), 400],
    ['with a length of 00', raw('Content-Length: 00'), 400],
    ['with a length of +0', raw('Content-Length: +0'), 400],
    ['with chunks', raw('Transfer-Encoding: chunked'), 400],
    ['with another coding', raw('Transfer-Encoding: identity'), 400],
    ['with an empty coding', raw('Transfer-Encoding:'), 400],
    ['with length and chunks', raw('Content-Length: 0\r\nTransfer-Encoding: chunked'), 400],
    ['with a space before the colon', raw('Content-Length : 5'), 400],
    ['with a tab before the colon', raw('Transfer-Encoding\t: chunked'), 400],
    ['with a folded line', raw('X: a\r\n b'), 400],
    ['with a folded line by a tab', raw('X: a\r\n\tTransfer-Encoding: chunked'), 400],
    ['with a folded first line', raw(' X: a'), 400],
    ['with a line feed alone', raw('X: a\nTransfer-Encoding: chunked'), 400],
    ['with a carriage return alone', raw('X: a\rTransfer-Encoding: chunked'), 400],
    ['with a NUL', raw('X: a\0b'), 400],
    ['with a line without a colon', raw('Transfer-Encoding'), 400],
    ['with a header without a name', raw(': chunked'), 400],
    ['with a name outside ASCII', raw('Transfer-Encod\xefng: chunked'), 400],
    ['with two hosts', raw('Host: other.example'), 400],
    ['with an empty second host', raw('Host:'), 400],
    ['with two keys', raw('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='), 400],
    ['with two versions', raw('Sec-WebSocket-Version: 13'), 426],
    ['of HTTP/1.0', raw('X: a', 'GET / HTTP/1.0'), 505],
    ['of HTTP/0.9', latin1('GET /\r\n\r\n'), 400],
    ['of HTTP/2', latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 505],
    ['for two targets', raw('X: a', 'GET /a /b HTTP/1.1'), 400],
    ['for no path', raw('X: a', 'GET * HTTP/1.1'), 400],
    ['to a proxy', raw('X: a', 'CONNECT example.com:443 HTTP/1.1'), 405],
    ['for an authority', raw('X: a', 'GET example.com:443 HTTP/1.1'), 400],
    ['with a tab in its first line', raw('X: a', 'GET\t/ HTTP/1.1'), 400],
  ])('%s is refused, and nothing after it is read', async (_, bytes, status) => {
    const { server, told } = await recording();
    const answer = await exchange(server, Buffer.concat([bytes, smuggled]));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    expect(answer.match(/HTTP\/1\.1 [0-9]/g)).toHaveLength(1);
    expect(told).toEqual([]);
    expect(server.connections.size).toBe(0);
  });

  it('for an absolute URI has the path and the host of the URI (RFC 9112 §3.2.2)', async () => {
    const { server, told } = await recording();
    const startLine = 'GET http://other.example:8080/chat?x=1 HTTP/1.1';
    await exchange(server, Buffer.concat([raw('X: a', startLine), frame({ opcode: 8, key: KEY })]));
    expect(told).toEqual([
      expect.objectContaining({ target: '/chat?x=1', host: 'other.example:8080' }),
    ]);
  });

  it('reads no frame that came before the answer until it is accepted', async () => {
    const messages: string[] = [];
    const handlers = {
      message: (_: unknown, data: Uint8Array) => void messages.push(Buffer.from(data).toString()),
    };
    const refusing = await start({ handlers, request: async () => ({ status: 403 }) });
    const early = Buffer.concat([request(), frame({ opcode: 1, payload: 'early', key: KEY })]);
    expect(await exchange(refusing, early)).toMatch(/^HTTP\/1\.1 403 /);
    expect(messages).toEqual([]);
  });
});

describe('a request of hostile length or content', () => {
  /** Sends the same bytes without end; returns the answer when the server has closed. */
  function pour(server: Server, start: string, bytes: Uint8Array | string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connectTcp(server.port, '127.0.0.1');
      sockets.push(socket);
      let answer = '';
      socket.setEncoding('latin1');
      socket.on('data', (text) => {
        answer += text;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
      socket.write(start);
      const write = (): void => {
        if (socket.destroyed || answer !== '') return void socket.end();
        if (socket.write(bytes)) setImmediate(write);
        else socket.once('drain', write);
      };
      write();
    });
  }

  // CVE-2024-37890, CVE-2023-43669, CVE-2026-54465: too many headers, or one without end.
  it.each([
    ['in one header', 'x'.repeat(64 * 1024)],
    ['in many headers', 'X: y\r\n'.repeat(1000)],
    ['in one header, byte by byte', 'x'],
    ['in its first line', ''],
  ])('is refused with 431: %s', async (what, bytes) => {
    const { server, told } = await recording();
    const begin = what.includes('first line')
      ? `GET /${'x'.repeat(20_000)}`
      : 'GET / HTTP/1.1\r\nX: ';
    const answer = await pour(server, begin, bytes === '' ? 'x' : bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(told).toEqual([]);
  });

  it('of 2,000 headers is refused with 431, and one of 100 is accepted', async () => {
    const { server, told } = await recording();
    const many = raw(Array.from({ length: 2000 }, (_, i) => `X${i}:`).join('\r\n'));
    expect(await exchange(server, many)).toMatch(/^HTTP\/1\.1 431 /);
    const fewer = raw(Array.from({ length: 100 }, (_, i) => `X${i}:`).join('\r\n'));
    const answer = await exchange(server, Buffer.concat([fewer, frame({ opcode: 8, key: KEY })]));
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(told).toHaveLength(1);
  });

  // CVE-2021-32640, CVE-2020-7662, CVE-2023-26103: regular expressions that take exponential time.
  it('is read in time in proportion to its length, whatever its headers hold', async () => {
    const { server } = await recording({ perMessageDeflate: true });
    const since = performance.now();
    for (const name of [
      'Sec-WebSocket-Extensions',
      'Sec-WebSocket-Protocol',
      'Sec-WebSocket-Key',
      'Connection',
      'Host',
      'X',
    ]) {
      for (const piece of [' ', '\t', ',', ';', '=', '"', '\\', 'a', 'a;', 'a="', '"\\', ', ']) {
        await exchange(
          server,
          Buffer.concat([
            raw(`${name}: ${piece.repeat(15_000 / piece.length)}x`),
            frame({ opcode: 8, key: KEY }),
          ]),
        );
      }
    }
    expect(performance.now() - since).toBeLessThan(3000);
  });

  it('that names properties of JavaScript objects is read as text', async () => {
    const { server, told } = await recording({ protocols: ['chat'], perMessageDeflate: true });
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
    const bytes = raw(
      [
        ...names.map((name) => `${name}: ${name}`),
        `Sec-WebSocket-Protocol: ${names.join(', ')}`,
        `Sec-WebSocket-Extensions: ${names.map((name) => `${name}; ${name}=${name}`).join(', ')}`,
      ].join('\r\n'),
    );
    const answer = await exchange(server, Buffer.concat([bytes, frame({ opcode: 8, key: KEY })]));
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/Sec-WebSocket-(?:Protocol|Extensions):/);
    expect(told[0]?.protocols).toEqual(names);
    for (const name of names) expect(told[0]?.headers.get(name.toLowerCase())).toBe(name);
    expect({}).not.toHaveProperty('chat');
  });

  it('with characters outside ASCII in the headers of the handshake is refused with 400', async () => {
    const { server } = await recording();
    for (const header of ['Protocol', 'Extensions', 'Key', 'Version']) {
      for (const code of [0x80, 0xa0, 0xff]) {
        const bytes = raw(`Sec-WebSocket-${header}: a${String.fromCharCode(code)}`);
        expect(await exchange(server, bytes)).toMatch(/^HTTP\/1\.1 400 /);
      }
    }
  });
});

describe('a client that stays', () => {
  /** Opens a socket that reads but never ends its side, and waits for the server to close it. */
  async function stays(server: Server, bytes: Uint8Array): Promise<number> {
    const socket: Socket = connectTcp({
      port: server.port,
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.resume();
    socket.write(bytes);
    const since = performance.now();
    // A write to a socket that the server has closed brings the close event about.
    const timer = setInterval(() => socket.write('x'), 10);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    return performance.now() - since;
  }

  // CVE-2026-59725: a refused request left its socket open.
  it.each<[string, object, Uint8Array]>([
    ['by the hook', { request: () => ({ status: 403 }) }, request()],
    ['by a hook that takes its time', { request: async () => ({ status: 403 }) }, request()],
    ['for its origin', { origins: ['https://example.com'] }, request()],
    ['for want of room', { maxConnections: 0 }, request()],
    ['for its version', {}, request({ 'Sec-WebSocket-Version': '8' })],
    ['for its method', {}, request({}, 'POST / HTTP/1.1')],
    ['for its size', {}, latin1(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`)],
    ['for its words', {}, latin1('nonsense\r\n\r\n')],
  ])('after it was refused %s is cut off after closeTimeout', async (_, options, bytes) => {
    const server = await start({ closeTimeout: 100, ...options });
    expect(await stays(server, bytes)).toBeLessThan(2000);
  });

  it.each<[string, Uint8Array]>([
    ['after it closed', frame({ opcode: 8, key: KEY })],
    ['after it broke a rule', frame({ opcode: 3, key: KEY })],
  ])('%s is cut off after closeTimeout', async (_, bytes) => {
    const server = await start({ closeTimeout: 100 });
    expect(await stays(server, Buffer.concat([request(), bytes]))).toBeLessThan(2000);
    expect(server.connections.size).toBe(0);
  });

  it('and never answers a close is cut off after closeTimeout', async () => {
    const server = await start({ closeTimeout: 100, handlers: { open: (ws) => ws.close(1000) } });
    expect(await stays(server, request())).toBeLessThan(2000);
    expect(server.connections.size).toBe(0);
  });

  it('and is silent is pinged, and cut off when it does not answer', async () => {
    const errors: object[] = [];
    const server = await start({
      pingInterval: 50,
      pingTimeout: 50,
      closeTimeout: 100,
      handlers: { error: (_, error) => void errors.push(error) },
    });
    const socket = connectTcp(server.port, '127.0.0.1');
    sockets.push(socket);
    socket.write(request());
    await until(() => server.connections.size === 1);
    await until(() => server.connections.size === 0);
    expect(errors).toEqual([expect.objectContaining({ operation: 'keepalive' })]);
  });

  it('and whose request is never decided on is cut off after handshakeTimeout', async () => {
    const server = await start({
      handshakeTimeout: 100,
      request: () => new Promise(() => {}),
    });
    expect(await stays(server, request())).toBeLessThan(2000);
  });
});

describe('an origin', () => {
  // CVE-2026-44211: pages of this machine were trusted.
  it('of this machine is refused too if it is not in the list', async () => {
    const server = await start({ origins: ['https://example.com'] });
    for (const origin of [
      `http://localhost:${server.port}`,
      `http://127.0.0.1:${server.port}`,
      'http://[::1]',
      'null',
      'https://example.com.evil.example',
      'https://EXAMPLE.com',
      'https://example.com, https://example.com',
    ]) {
      await expect(connect(server.url, { origin })).rejects.toMatchObject({ status: 403 });
    }
    expect((await open(server, { origin: 'https://example.com' })).state).toBe('open');
  });
});
