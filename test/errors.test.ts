import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as wirespeed from 'wirespeed';

const { connect: _, ...errors } = wirespeed;
const { ConnectError, HandshakeError, HandshakeStatusError, TimeoutError, WebSocketError } = errors;

const FACTS = {
  closeCode: 1006,
  reason: '',
  wasClean: false,
  sent: undefined,
  received: { code: 1000, reason: 'bye' },
};
const REFUSAL = {
  status: 401,
  statusText: 'Unauthorized',
  headers: new Map([
    ['www-authenticate', 'Basic realm="x"'],
    ['set-cookie', 'session=secret'],
    ['x-api-key', 'secret'],
  ]),
  body: new TextEncoder().encode(`who are you? ${'é'.repeat(300)}`),
};
const MADE: Readonly<Record<string, () => wirespeed.WebSocketError>> = {
  WebSocketError: () => new WebSocketError('WS_X', 'text'),
  ConnectError: () => new ConnectError('text', { phase: 'tcp' }),
  InvalidUrlError: () => new errors.InvalidUrlError('text'),
  ProxyError: () => new errors.ProxyError('text'),
  HandshakeError: () => new HandshakeError('text'),
  HandshakeStatusError: () => new HandshakeStatusError('text', REFUSAL),
  InvalidHeaderError: () => new errors.InvalidHeaderError('upgrade', 'text'),
  NegotiationError: () => new errors.NegotiationError('text'),
  ProtocolError: () => new errors.ProtocolError('WS_X', 'text'),
  LocalProtocolError: () => new errors.LocalProtocolError('text'),
  RemoteProtocolError: () => new errors.RemoteProtocolError('text', 1002),
  MessageTooBigError: () => new errors.MessageTooBigError('text', 1),
  ConnectionClosedError: () => new errors.ConnectionClosedError('text', FACTS),
  TransportError: () => new errors.TransportError('text'),
  TimeoutError: () => new TimeoutError('recv', 5, 'text'),
  ConcurrencyError: () => new errors.ConcurrencyError('text'),
};

describe('every error', () => {
  it('is made in these tests', () => {
    expect(Object.keys(MADE).sort()).toEqual(Object.keys(errors).sort());
  });

  for (const [name, make] of Object.entries(MADE)) {
    it(`has its name, also in its stack and when it is shown: ${name}`, () => {
      const error = make();
      expect(error.name).toBe(name);
      expect(String(error)).toBe(`${name}: text`);
      expect(error.stack).toMatch(new RegExp(`^${name}: text\n +at `));
      expect(inspect(error)).toMatch(new RegExp(`^${name}: text\n +at `));
      expect(inspect(error)).toMatch(/\{\n {2}code: 'WS_/);
      expect(Object.keys(error)).not.toContain('name');
    });
  }
});

describe('an error of a class that extends one of these', () => {
  it("has its own class's name", () => {
    class FeedError extends TimeoutError {}
    const error = new FeedError('recv', 5);
    expect(error.name).toBe('FeedError');
    expect(error.stack).toMatch(/^FeedError: recv timed out/);
    expect(inspect(error)).toMatch(/^FeedError: recv timed out after 5 ms\n/);
  });

  it('has the name that it sets', () => {
    class Assigning extends ConnectError {
      constructor() {
        super('text', { phase: 'tcp' });
        this.name = 'FeedError';
      }
    }
    class WithField extends ConnectError {
      override name = 'FeedError';
    }
    for (const error of [new Assigning(), new WithField('text', { phase: 'tcp' })]) {
      expect(error.name).toBe('FeedError');
      expect(String(error)).toBe('FeedError: text');
      expect(inspect(error)).toContain('FeedError');
      expect(error).toBeInstanceOf(ConnectError);
    }
  });

  it('is shown with facts of its own', () => {
    class FeedError extends WebSocketError {
      readonly symbol = 'BTC';
    }
    expect(inspect(new FeedError('WS_X', 'text'))).toMatch(
      /\{\n {2}code: 'WS_X',\n {2}symbol: 'BTC'\n\}$/,
    );
  });
});

describe('an error that is shown', () => {
  it('keeps its cause, and those of its facts that are known', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const text = inspect(new ConnectError('text', { phase: 'tcp', url: 'ws://a/', cause }));
    expect(text).toMatch(/\[cause\]: Error: refused\n[\s\S]*code: 'ECONNREFUSED'/);
    expect(text).toContain("phase: 'tcp'");
    expect(text).toContain("url: 'ws://a/'");
    expect(text).not.toContain('address');
    expect(inspect(new ConnectError('text', { phase: 'tcp' }))).not.toContain('cause');
  });

  it('shows a cause that was set later', () => {
    const error = Object.assign(new TimeoutError('recv', 5), { cause: 'patience' });
    expect(inspect(error)).toContain("[cause]: 'patience'");
  });

  it('shows a response without its secrets, and of its body the beginning', () => {
    const text = inspect(new HandshakeStatusError('text', REFUSAL));
    expect(text).not.toContain('secret');
    expect(text).toContain('Basic realm="x"');
    expect(text).toMatch(/body: 'who are you\? é+… \(613 bytes\)'/);
    const brief = { ...REFUSAL, body: new TextEncoder().encode('no') };
    expect(inspect(new HandshakeStatusError('text', brief))).toContain("body: 'no'");
  });

  it('is brief where it lies deep in another object', () => {
    const error = new ConnectError('text', { phase: 'tcp' });
    expect(inspect({ error }, { depth: 0 })).toBe('{ error: [ConnectError] }');
    expect(inspect({ error }, { depth: 1 })).toContain("phase: 'tcp'");
    expect(inspect(error, { depth: 0 })).toContain("phase: 'tcp'");
  });

  it('is left as it is', () => {
    const error = new HandshakeStatusError('text', REFUSAL);
    const before = Reflect.ownKeys(error);
    inspect(error);
    expect(Reflect.ownKeys(error)).toEqual(before);
    expect(error.body).toBe(REFUSAL.body);
    expect(error.headers).toBe(REFUSAL.headers);
  });

  it('is shown without a stack where there is none', () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const error = new TimeoutError('recv', 5, 'text');
      expect(inspect(error)).toMatch(/^\[TimeoutError: text\] \{\n {2}code: 'WS_TIMEOUT'/);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});
