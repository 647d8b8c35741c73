/**
 * Requests whose head an HTTP server has read, and requests that ask for no upgrade.
 */
import { describe, expect, it } from 'vitest';
import type { PageAnswer, ReceivedRequest } from '../../src/protocol/opening/server.ts';
import { Endpoint } from '../support/endpoint.ts';
import { ACCEPT_TEXT, head, KEY_TEXT, request } from '../support/handshakes.ts';

const RAW = [
  ...['Host', 'server.example.com', 'Upgrade', 'websocket', 'Connection', 'keep-alive, Upgrade'],
  ...['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', KEY_TEXT],
];

function received(changes: Partial<ReceivedRequest> = {}): ReceivedRequest {
  return { method: 'GET', target: '/chat?a=b', httpVersion: '1.1', rawHeaders: RAW, ...changes };
}

function answerTo(changes: Partial<ReceivedRequest>): string {
  const end = new Endpoint('server');
  end.session.receiveRequest(received(changes), 0);
  return Buffer.from(end.sent()).toString('latin1');
}

describe('a request that an HTTP server has read', () => {
  it('is answered like one that comes as bytes', () => {
    const end = new Endpoint('server');
    end.session.receiveRequest(received({ rawHeaders: [...RAW, 'X-Two', 'a', 'x-two', 'b'] }), 0);
    expect(end.takeEvents()).toEqual(['request', 'open']);
    expect(end.request).toMatchObject({ method: 'GET', target: '/chat?a=b', protocols: [] });
    expect(end.request?.headers.get('x-two')).toBe('a, b');
    expect(end.request?.rawHeaders.slice(-4)).toEqual(['X-Two', 'a', 'x-two', 'b']);
    expect(Buffer.from(end.sent()).toString()).toContain(`Sec-WebSocket-Accept: ${ACCEPT_TEXT}`);
    end.receiveFrames({ opcode: 1, payload: 'hello' });
    expect(end.takeEvents()).toEqual(['text:hello']);
  });

  it('has its cookies in one header, however many lines they came in', () => {
    const end = new Endpoint('server');
    const rawHeaders = [...RAW, 'Cookie', 'a=1; b=2', 'cookie', 'c=3'];
    end.session.receiveRequest(received({ rawHeaders }), 0);
    expect(end.request?.headers.get('cookie')).toBe('a=1; b=2; c=3');
  });

  it('that was refused may read its answer for two seconds, also without a limit for closing', () => {
    for (const [closeTimeout, limit] of [
      [0, 2000],
      [100, 100],
    ] as const) {
      const end = new Endpoint('server', { limits: { closeTimeout } });
      end.session.receiveRequest(received({ method: 'POST' }), 0);
      expect(end.session.nextTimeout()).toBe(limit);
    }
  });

  it.each<[string, Partial<ReceivedRequest>, number]>([
    ['by another method', { method: 'POST' }, 405],
    ['of HTTP/1.0', { httpVersion: '1.0' }, 505],
    ['of HTTP/2', { httpVersion: '2.0' }, 505],
    ['with a target that is none', { target: 'a b' }, 400],
    ['with a line break in its target', { target: '/\r\nX: y' }, 400],
    ['with a line break in a value', { rawHeaders: [...RAW, 'X', 'a\r\nSet: b'] }, 400],
    ['with a line break in a name', { rawHeaders: [...RAW, 'X\nY', 'a'] }, 400],
    ['with a name that is none', { rawHeaders: [...RAW, 'X Y', 'a'] }, 400],
    ['with a name without a value', { rawHeaders: [...RAW, ''] }, 400],
    ['with a control character', { rawHeaders: [...RAW, 'X', '\u0001'] }, 400],
    ['with a character beyond Latin-1', { rawHeaders: [...RAW, 'X', '\u0142'] }, 400],
    ['with a body', { rawHeaders: [...RAW, 'Content-Length', '5'] }, 400],
    ['with a large head', { rawHeaders: [...RAW, 'X', 'x'.repeat(16 * 1024)] }, 431],
    ['with many headers', { rawHeaders: Array.from({ length: 300 }, () => 'X') }, 431],
    ['without a key', { rawHeaders: RAW.slice(0, -2) }, 400],
    ['without an upgrade', { rawHeaders: ['Host', 'x'] }, 426],
  ])('%s is refused', (_, changes, status) => {
    expect(answerTo(changes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('comes once, to a server, before anything else', () => {
    const client = new Endpoint('client');
    expect(() => client.session.receiveRequest(received(), 0)).toThrow(/only a server/);
    const late = new Endpoint('server');
    late.receive(request().subarray(0, 20));
    expect(() => late.session.receiveRequest(received(), 0)).toThrow(/without a request/);
    const twice = new Endpoint('server', { onRequest: () => {} });
    twice.session.receiveRequest(received(), 0);
    expect(() => twice.session.receiveRequest(received(), 0)).toThrow(/without a request/);
    const open = new Endpoint('server');
    open.session.receiveRequest(received(), 0);
    expect(() => open.session.receiveRequest(received(), 0)).toThrow(/handshake is over/);
  });

  it('is refused with 503 if nobody answers it in time', () => {
    const end = new Endpoint('server', { onRequest: () => {}, limits: { openTimeout: 100 } });
    end.session.receiveRequest(received(), 0);
    expect(end.session.nextTimeout()).toBe(100);
    end.session.handleTimeout(100);
    expect(Buffer.from(end.sent()).toString()).toMatch(
      /^HTTP\/1\.1 503 .*took too long to decide/s,
    );
    expect(end.takeEvents()).toEqual(['request', 'failure:WS_TIMEOUT', 'shutdown']);
  });
});

describe('a request that asks for no upgrade', () => {
  const page: PageAnswer = ({ method, target, headers }) =>
    target === '/page' ? { status: 200, body: `${method} of ${headers.get('host')}` } : undefined;
  const ask = (startLine: string, options = { page }): string => {
    const end = new Endpoint('server', options);
    end.receive(head(startLine, { Host: 'x' }));
    expect(end.takeEvents().at(-1)).toBe('shutdown');
    return Buffer.from(end.sent()).toString();
  };

  it('is answered with a page, if there is one', () => {
    expect(ask('GET /page HTTP/1.1')).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nGET of x$/s);
    expect(ask('GET /other HTTP/1.1')).toMatch(/^HTTP\/1\.1 426 /);
    expect(ask('POST /page HTTP/1.1')).toMatch(/^HTTP\/1\.1 405 /);
    expect(ask('HEAD /other HTTP/1.1')).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('by HEAD gets the head alone', () => {
    expect(ask('HEAD /page HTTP/1.1')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 9\r\n.*\r\n\r\n$/s,
    );
  });

  it('is none if it upgrades', () => {
    const end = new Endpoint('server', { page });
    end.receive(request({}, 'GET /page HTTP/1.1'));
    expect(end.takeEvents()).toEqual(['request', 'open']);
  });
});

it('a sink that asks for it is told which requests were refused, and why', () => {
  const told: unknown[] = [];
  const onRefused = (...facts: [number, string, boolean]): void => void told.push(facts);
  const wrong = new Endpoint('server', { onRefused });
  wrong.session.receiveRequest(received({ method: 'POST' }), 0);
  const refused = new Endpoint('server', {
    onRefused,
    onRequest: (end) => end.session.refuse({ status: 403 }, 0),
  });
  refused.session.receiveRequest(received(), 0);
  new Endpoint('server', { onRefused }).receive(head('GET / HTTP/1.1', { Host: 'x' }));
  new Endpoint('server', { onRefused }).receive(head('nonsense'));
  expect(told).toEqual([
    [405, 'a WebSocket handshake is a GET request', true],
    [403, "the client's request was refused with 403", true],
    [426, 'this is a WebSocket server: connect with ws: or wss:', false],
    [400, 'the request line is not valid', true],
  ]);
});
