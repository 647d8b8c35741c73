/**
 * An exception of a sink or of a generator of masking keys, or a lack of memory, fails the session once.
 * The session never stays open without sending or delivering anything more.
 */
import { expect, it } from 'vitest';
import { ConnectionClosedError, WebSocketError } from '../../src/errors.ts';
import { MaskingKeys } from '../../src/protocol/masking-keys.ts';
import { type Endpoint, openEndpoint } from '../support/endpoint.ts';

/** A client whose generator of masking keys throws once `isSpent` is set. */
function clientWithKeys(): { end: Endpoint; keys: { isSpent: boolean } } {
  const keys = { isSpent: false };
  const maskingKeys = new MaskingKeys(() => {
    if (keys.isSpent) throw new Error('no more keys');
  }, 1);
  return { end: openEndpoint('client', { maskingKeys }), keys };
}

const causeOf = (end: Endpoint): unknown => (end.session.failure as WebSocketError).cause;

it('fails once, with 1011, when its sink throws', () => {
  const end = openEndpoint('server', {
    onEvent: (_, event) => {
      if (event.startsWith('text')) throw new Error('thrown by the sink');
    },
  });
  end.receiveFrames({ opcode: 1, payload: 'one' }, { opcode: 1, payload: 'two' });
  expect(end.takeEvents()).toEqual(['text:one', 'failure:WS_DELIVERY', 'shutdown']);
  expect(end.sentFrames()).toEqual(['close:1011']);
  expect(causeOf(end)).toMatchObject({ message: 'thrown by the sink' });
  expect(end.session.state).toBe('closing');
  expect(() => end.session.sendText('mute')).toThrow(ConnectionClosedError);
});

const SENDS: Readonly<Record<string, (end: Endpoint) => void>> = {
  'a text message': (end) => end.session.sendText('x'),
  'a binary message': (end) => end.session.sendBinary(new Uint8Array(3)),
  'a compressed message': (end) => end.session.sendDeflated(new Uint8Array(3), true),
  'a fragment': (end) => end.session.sendFragment('x', true, false),
  'a ping': (end) => end.session.ping(new Uint8Array(1)),
  'a pong': (end) => end.session.pong(new Uint8Array(1)),
};

for (const [name, send] of Object.entries(SENDS)) {
  it(`fails when no masking key is to be had for ${name}, and the call says so`, () => {
    const { end, keys } = clientWithKeys();
    keys.isSpent = true;
    expect(() => send(end)).toThrow(ConnectionClosedError);
    expect(end.takeEvents()).toEqual(['failure:WS_SEND', 'shutdown']);
    expect(causeOf(end)).toMatchObject({ message: 'no more keys' });
    // A close frame needs a key as well.
    expect(end.sent()).toHaveLength(0);
    expect(() => send(end)).toThrow(ConnectionClosedError);
  });
}

it('fails when no masking key is to be had for its close frame', () => {
  const { end, keys } = clientWithKeys();
  keys.isSpent = true;
  end.session.close(1000, '', 0);
  expect(end.takeEvents()).toEqual(['failure:WS_SEND', 'shutdown']);
  expect(end.session.sent).toBeUndefined();
});

it('fails when no masking key is to be had for an automatic pong', () => {
  const { end, keys } = clientWithKeys();
  keys.isSpent = true;
  end.receiveFrames({ opcode: 9, payload: 'p' });
  expect(end.takeEvents()).toEqual(['failure:WS_SEND', 'shutdown', 'ping:p']);
});

it("fails when no masking key is to be had to answer the peer's close frame", () => {
  const { end, keys } = clientWithKeys();
  keys.isSpent = true;
  end.receiveFrames({ opcode: 8, payload: [3, 232] });
  expect(end.takeEvents()).toEqual(['failure:WS_SEND', 'shutdown']);
  expect(end.session.wasClean).toBe(false);
});

it('fails for the first reason only when the close frame of its failure cannot be written', () => {
  const { end, keys } = clientWithKeys();
  keys.isSpent = true;
  end.session.fail(new WebSocketError('WS_FIRST', 'the first reason'), 0);
  expect(end.takeEvents()).toEqual(['failure:WS_FIRST', 'shutdown']);
  expect(end.sent()).toHaveLength(0);
});

it('fails when its generator of masking keys sends', () => {
  let end: Endpoint | undefined;
  const maskingKeys = new MaskingKeys(() => {
    try {
      end?.session.sendText('within');
    } catch {
      // A careless generator might ignore the error as well.
    }
  }, 1);
  end = openEndpoint('client', { maskingKeys });
  expect(() => end.session.sendText('outer')).toThrow(ConnectionClosedError);
  expect(end.takeEvents()).toEqual(['failure:WS_SEND', 'shutdown']);
  expect(causeOf(end)).toMatchObject({ message: 'a generator of masking keys must not send' });
  expect(end.sent()).toHaveLength(0);
});

it('is closed already when it tells that the connection was lost', () => {
  const states: string[] = [];
  const end = openEndpoint('client', {
    onEvent: ({ session }, event) => states.push(`${event} ${session.state}`),
  });
  states.length = 0;
  end.session.connectionLost(new WebSocketError('WS_TRANSPORT', 'reset'));
  expect(states).toEqual(['failure:WS_TRANSPORT closed', 'closed closed']);
});

it('keeps its first failure when it is failed again inside onFailure', () => {
  const first = new WebSocketError('WS_TRANSPORT', 'reset');
  const end = openEndpoint('client', {
    onEvent: ({ session }, event) => {
      if (event.startsWith('failure')) session.fail(new WebSocketError('WS_SECOND', 'again'), 0);
    },
  });
  end.session.connectionLost(first);
  expect(end.takeEvents()).toEqual(['failure:WS_TRANSPORT', 'closed']);
  expect(end.session.failure).toBe(first);
});

it('says that the peer is dead once a keepalive ping got no answer', () => {
  const end = openEndpoint('client', { limits: { pingInterval: 100, pingTimeout: 50 } });
  end.session.handleTimeout(100);
  expect(end.session.isDead).toBe(false);
  end.session.handleTimeout(150);
  expect(end.session.isDead).toBe(true);
  expect(end.takeEvents()).toEqual(['failure:WS_TIMEOUT', 'shutdown']);
});

it('takes a text message up to the longest string, and bytes up to maxMessageSize', () => {
  const limits = { maxMessageSize: 10, maxTextSize: 5 };
  const long = openEndpoint('client', { limits });
  long.receiveFrames({ opcode: 1, payload: '12345' }, { opcode: 2, payload: '1234567890' });
  expect(long.takeEvents()).toEqual(['text:12345', 'binary:31323334353637383930']);
  long.receiveFrames({ opcode: 1, payload: '123456' });
  expect(long.takeEvents()).toEqual(['failure:WS_MESSAGE_TOO_BIG:1009', 'shutdown']);
  expect(long.session.failure).toMatchObject({
    message: 'the peer sent a text message of more than 5 bytes, more than a string can hold',
    limit: 5,
  });
  const whole = openEndpoint('client', { limits: { maxMessageSize: 10, maxTextSize: 100 } });
  whole.receiveFrames({ opcode: 1, payload: '12345678901' });
  expect(whole.session.failure?.message).toContain('above maxMessageSize');
});

it('calls onClosing once, before any other call about its end', () => {
  for (const end of ['close', 'fail', 'lose', 'receive'] as const) {
    const endpoint = openEndpoint('server', { tellsClosing: true });
    const { session } = endpoint;
    if (end === 'close') session.close(1000, '', 0);
    else if (end === 'fail') session.fail(new WebSocketError('WS_X', 'x'), 0);
    else if (end === 'lose') session.connectionLost(new WebSocketError('WS_X', 'x'));
    else endpoint.receiveFrames({ opcode: 8, payload: [3, 232] });
    session.abandon();
    const events = endpoint.takeEvents();
    expect(events[0]).toBe('closing');
    expect(events.filter((event) => event === 'closing')).toHaveLength(1);
  }
});
