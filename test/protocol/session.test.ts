import { describe, expect, it } from 'vitest';
import {
  HandshakeError,
  HandshakeStatusError,
  LocalProtocolError,
  TransportError,
} from '../../src/errors.ts';
import { Endpoint, openEndpoint } from '../support/endpoint.ts';
import { concat, frame, KEY } from '../support/frames.ts';
import { head, latin1, request, response } from '../support/handshakes.ts';
import { SmallOutput } from '../support/small-output.ts';

const ROLES = ['client', 'server'] as const;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

describe("a client's session", () => {
  it('begins with its request', () => {
    const end = new Endpoint('client', { protocols: ['chat'] });
    expect(text(end.sent())).toMatch(/^GET \/chat HTTP\/1\.1\r\n.*Protocol: chat\r\n\r\n$/s);
    expect(end.session.state).toBe('connecting');
    expect(end.session.role).toBe('client');
    expect(end.session.closeCode).toBeUndefined();
  });

  it('is open once the response has arrived, and says what was agreed on', () => {
    const bytes = response({ 'Sec-WebSocket-Protocol': 'chat', 'X-A': 'b' });
    for (const size of [1, 50, bytes.length]) {
      const end = new Endpoint('client', { protocols: ['chat'] });
      expect(end.session.peerHeaders).toBeUndefined();
      end.receive(bytes, size);
      expect(end.events).toEqual(['open']);
      expect(end.session).toMatchObject({
        state: 'open',
        isOpen: true,
        protocol: 'chat',
        extensions: '',
      });
      expect(end.session.peerHeaders?.get('x-a')).toBe('b');
      expect(end.session.peerHeaders).toBe(end.session.peerHeaders);
    }
  });

  it('reads frames that come with the response, but only after it', () => {
    const stream = concat(response(), frame({ opcode: 1, payload: 'first' }));
    for (let size = 1; size <= stream.length; size++) {
      const end = new Endpoint('client');
      end.receive(stream, size);
      expect(end.events).toEqual(['open', 'text:first']);
    }
    const early = new Endpoint('client');
    early.receive(frame({ opcode: 1, payload: '\r\n\r\n' }));
    expect(early.events).toEqual(['failure:WS_HANDSHAKE_FAILED', 'closed']);
  });

  it.each([
    ['is not HTTP', latin1('SSH-2.0-OpenSSH_9.6\r\n\r\n'), 'WS_HANDSHAKE_FAILED'],
    ['has a wrong header', response({ Upgrade: 'h2c' }), 'WS_INVALID_HEADER'],
    ['has an extension', response({ 'Sec-WebSocket-Extensions': 'x' }), 'WS_NEGOTIATION_FAILED'],
    ['refuses', head('HTTP/1.1 403 No', { 'Content-Length': '0' }), 'WS_HANDSHAKE_STATUS'],
  ])('fails and is closed where the response %s', (_, bytes, code) => {
    for (const size of [1, bytes.length]) {
      const end = new Endpoint('client');
      end.sent();
      end.receive(bytes, size);
      end.receive(latin1('more'));
      expect(end.events).toEqual([`failure:${code}`, 'closed']);
      expect(end.session).toMatchObject({ state: 'closed', closeCode: 1006, wasClean: false });
      expect(end.session.failure).toBeInstanceOf(HandshakeError);
      expect(end.sent()).toHaveLength(0);
    }
  });

  it.each([
    ['the connection ends', (end: Endpoint) => end.session.receiveEof(1)],
    [
      'the connection is lost',
      (end: Endpoint) => end.session.connectionLost(new TransportError('reset')),
    ],
    ['time is up', (end: Endpoint) => end.session.handleTimeout(end.session.nextTimeout())],
  ])('reports a refusal with as much of its body as has arrived when %s', (_, happen) => {
    const end = new Endpoint('client');
    end.receive(concat(head('HTTP/1.1 401 Unauthorized'), latin1('who are')));
    expect(end.events).toEqual([]);
    happen(end);
    expect(end.events).toEqual(['failure:WS_HANDSHAKE_STATUS', 'closed']);
    const error = end.session.failure as HandshakeStatusError;
    expect(error).toBeInstanceOf(HandshakeStatusError);
    expect(text(error.body)).toBe('who are');
  });
});

describe("a server's session", () => {
  it('tells the request, and is open when it is accepted', () => {
    const bytes = request({ 'X-A': 'b' });
    for (const size of [1, 50, bytes.length]) {
      const end = new Endpoint('server');
      end.receive(bytes, size);
      expect(end.events).toEqual(['request', 'open']);
      expect(end.session).toMatchObject({ role: 'server', state: 'open', protocol: '' });
      expect(end.session.peerHeaders?.get('x-a')).toBe('b');
      expect(text(end.sent())).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    }
  });

  it('answers with the subprotocol and the headers that it is given', () => {
    const end = new Endpoint('server', {
      onRequest: (self) => self.session.accept('chat', [['X-A', 'b']], 0),
    });
    end.receive(request());
    expect(text(end.sent())).toMatch(/Protocol: chat\r\nX-A: b\r\n\r\n$/);
    expect(end.session.protocol).toBe('chat');
  });

  it('reads no byte after the request before it is answered', () => {
    const first = frame({ opcode: 1, payload: 'first', key: KEY });
    const end = new Endpoint('server', { onRequest: () => {} });
    const stream = concat(request(), first);
    const read = end.session.receive(stream, 0, stream.length, 0);
    expect(read).toBe(request().length);
    expect(end.session.receive(stream, read, stream.length, 0)).toBe(read);
    end.session.accept('', [], 0);
    expect(end.session.receive(stream, read, stream.length, 0)).toBe(stream.length);
    expect(end.events).toEqual(['request', 'open', 'text:first']);
  });

  it('sends the refusal that it is given, and waits for the end of the connection', () => {
    const end = new Endpoint('server', {
      onRequest: (self) => self.session.refuse({ status: 403, body: 'nö' }, 700),
    });
    end.receive(request());
    end.receive(latin1('more, which nobody reads'));
    expect(end.events).toEqual(['request', 'failure:WS_HANDSHAKE_FAILED', 'shutdown']);
    expect(text(end.sent())).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n.*Content-Length: 3\r\n/s);
    // Less than closeTimeout: the client may read its answer and go.
    expect(end.session.nextTimeout()).toBe(700 + 2000);
    expect(end.session.state).toBe('closing');
    expect(() => end.session.accept('', [], 0)).toThrow(LocalProtocolError);
    end.session.receiveEof(1);
    expect(end.takeEvents().at(-1)).toBe('closed');
    expect(end.session).toMatchObject({ state: 'closed', closeCode: 1006 });
  });

  it('refuses a wrong request by itself', () => {
    const end = new Endpoint('server');
    end.receive(request({}, 'POST / HTTP/1.1'), 1);
    expect(text(end.sent())).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET\r\n/);
    expect(end.events).toEqual(['failure:WS_HANDSHAKE_FAILED', 'shutdown']);
    expect(end.session.failure?.message).toContain('405');
  });

  it.each([
    ['before the request', 0, ['failure:WS_HANDSHAKE_FAILED', 'closed']],
    ['in the middle of the request', 30, ['failure:WS_HANDSHAKE_FAILED', 'closed']],
    ['before the answer', 1000, ['request', 'failure:WS_HANDSHAKE_FAILED', 'closed']],
  ])('fails where the client leaves %s', (_, length, events) => {
    const end = new Endpoint('server', { onRequest: () => {} });
    end.receive(request().subarray(0, length));
    end.session.receiveEof(5);
    expect(end.events).toEqual(events);
    // It is too late for an answer: no request waits for one.
    expect(() => end.session.accept('', [], 6)).toThrow(LocalProtocolError);
    expect(() => end.session.refuse({ status: 403 }, 6)).toThrow(LocalProtocolError);
    expect(end.sent()).toHaveLength(0);
  });

  it('throws for an answer if there is no request, as a client does', () => {
    for (const end of [new Endpoint('server'), new Endpoint('client'), openEndpoint('server')]) {
      end.sent();
      expect(() => end.session.accept('', [], 0)).toThrow(LocalProtocolError);
      expect(() => end.session.refuse({ status: 403 }, 0)).toThrow(LocalProtocolError);
      expect(end.sent()).toHaveLength(0);
    }
  });

  it('is not opened by an answer that comes after its owner failed it', () => {
    const end = new Endpoint('server', { onRequest: () => {} });
    end.receive(request());
    end.session.fail(new TransportError('going down'));
    expect(() => end.session.accept('', [], 0)).toThrow(LocalProtocolError);
    end.session.receiveEof(1);
    expect(end.events).toEqual(['request', 'failure:WS_TRANSPORT', 'shutdown', 'closed']);
    expect(end.sent()).toHaveLength(0);
  });
});

describe.each(ROLES)('the opening handshake of a %s that takes too long', (role) => {
  it('ends the session, however much of it has arrived', () => {
    const bytes = role === 'client' ? response() : request();
    for (const length of [0, 1, bytes.length - 1]) {
      const end = new Endpoint(role, { now: 1000, limits: { openTimeout: 500 } });
      end.now = 1400;
      end.receive(bytes.subarray(0, length), 1);
      expect(end.session.nextTimeout()).toBe(1500);
      end.session.handleTimeout(1499);
      expect(end.events).toEqual([]);
      end.session.handleTimeout(1500);
      expect(end.events).toEqual(['failure:WS_TIMEOUT', 'closed']);
      expect(end.failures[0]).toMatchObject({ operation: 'connect', timeout: 500 });
    }
  });

  it('may have no time limit', () => {
    const end = new Endpoint(role, { limits: { openTimeout: 0 } });
    expect(end.session.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('an opening handshake larger than the memory of the output', () => {
  it('is written piece by piece, on both sides', () => {
    const value = 'x'.repeat(1000);
    const client = new Endpoint('client', {
      output: new SmallOutput(64),
      headers: [['X-A', value]],
    });
    expect(text(client.sent())).toMatch(new RegExp(`^GET .*X-A: ${value}\r\n\r\n$`, 's'));
    const server = new Endpoint('server', {
      output: new SmallOutput(64),
      onRequest: (self) => self.session.refuse({ status: 503, body: value }, 0),
    });
    server.receive(request());
    expect(text(server.sent())).toMatch(new RegExp(`^HTTP/1\\.1 503 .*\r\n\r\n${value}$`, 's'));
  });
});

describe.each(ROLES)('a %s that is open', (role) => {
  it('receives messages', () => {
    const end = openEndpoint(role);
    end.receiveFrames(
      { opcode: 1, payload: 'hé' },
      { opcode: 2, payload: [1, 2] },
      { opcode: 1, payload: 'a', isFinal: false },
      { opcode: 0, payload: 'b' },
    );
    expect(end.events).toEqual(['text:hé', 'binary:0102', 'text:ab']);
  });

  it('receives frames instead of messages with deliversFrames', () => {
    const end = openEndpoint(role, { deliversFrames: true });
    end.receiveFrames({ opcode: 1, payload: 'a', isFinal: false }, { opcode: 0, payload: 'b' });
    expect(end.events).toEqual(['frame:1+:61', 'frame:0:62']);
  });

  it('stops after the event inside which it is paused, and goes on from there', () => {
    const end = openEndpoint(role, {
      onEvent: (self, event) => {
        if (event === 'text:a') self.session.isPaused = true;
      },
    });
    const key = role === 'server' ? KEY : undefined;
    const [a, b] = ['a', 'b'].map((payload) => frame({ opcode: 1, payload, key }));
    const stream = concat(a as Uint8Array, b as Uint8Array);
    expect(end.session.receive(stream, 0, stream.length, 0)).toBe(a?.length);
    expect(end.session.isPaused).toBe(true);
    expect(end.session.receive(stream, a?.length ?? 0, stream.length, 0)).toBe(a?.length);
    expect(end.events).toEqual(['text:a']);
    end.session.isPaused = false;
    expect(end.session.receive(stream, a?.length ?? 0, stream.length, 0)).toBe(stream.length);
    expect(end.events).toEqual(['text:a', 'text:b']);
  });

  it('may be closed, failed or given up inside an event', () => {
    const message = { opcode: 1, payload: 'stop' };
    const seen = (happen: (self: Endpoint) => void) => {
      const end = openEndpoint(role, {
        onEvent: (self, event) => {
          if (event === 'text:stop') happen(self);
        },
      });
      end.receiveFrames(message, { opcode: 1, payload: 'after' });
      expect(end.session.state).not.toBe('open');
      return end.events;
    };
    expect(seen((self) => self.session.close(1000, '', 0))).toEqual(['text:stop', 'text:after']);
    expect(seen((self) => self.session.abandon())).toEqual(['text:stop', 'closed']);
    expect(seen((self) => self.session.fail(new TransportError('x')))).toEqual([
      'text:stop',
      'failure:WS_TRANSPORT',
      'shutdown',
    ]);
  });

  it('still has receiveError, the former name of connectionLost and abandon', () => {
    const lost = openEndpoint(role);
    lost.session.receiveError(new TransportError('reset'));
    expect(lost.events.slice(-2)).toEqual(['failure:WS_TRANSPORT', 'closed']);
    const givenUp = openEndpoint(role);
    givenUp.session.receiveError(undefined);
    expect(givenUp.events.at(-1)).toBe('closed');
    expect(givenUp.session.failure).toBeUndefined();
    expect([lost, givenUp].map(({ session }) => session.isOpen)).toEqual([false, false]);
  });

  it('says how many bytes of a frame are missing', () => {
    const end = openEndpoint(role);
    const bytes = frame({
      opcode: 2,
      payload: new Uint8Array(100),
      key: role === 'server' ? KEY : undefined,
    });
    end.receive(bytes.subarray(0, bytes.length - 30));
    expect(end.session.missing).toBe(30);
  });

  it('is failed with 1002, 1007 or 1009 by what the peer may not send', () => {
    const cases = [
      [{ opcode: 3 }, 'failure:WS_REMOTE_PROTOCOL:1002', 'close:1002'],
      [{ opcode: 0 }, 'failure:WS_REMOTE_PROTOCOL:1002', 'close:1002'],
      [{ opcode: 1, payload: [0xff] }, 'failure:WS_REMOTE_PROTOCOL:1007', 'close:1007'],
      [{ opcode: 2, length: 2n ** 53n }, 'failure:WS_MESSAGE_TOO_BIG:1009', 'close:1009'],
    ] as const;
    for (const [fields, failure, close] of cases) {
      const end = openEndpoint(role);
      end.receiveFrames(fields, { opcode: 1, payload: 'after' });
      expect(end.events).toEqual([failure, 'shutdown']);
      expect(end.sentFrames()).toEqual([close]);
      expect(end.session.sent).toEqual({ code: Number(close.slice(6)), reason: '' });
      expect(end.session).toMatchObject({
        state: 'closing',
        wasClean: false,
        closeCode: undefined,
      });
    }
  });
});
