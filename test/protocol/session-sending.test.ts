import { describe, expect, it } from 'vitest';
import { ConnectionClosedError, LocalProtocolError, TransportError } from '../../src/errors.ts';
import { Endpoint, openEndpoint } from '../support/endpoint.ts';
import { bytesOf, parseFrames } from '../support/frames.ts';

const EMPTY = new Uint8Array(0);

/** Every call that needs an open session. */
const CALLS: readonly [string, (end: Endpoint) => void][] = [
  ['sendText', (end) => end.session.sendText('x')],
  ['sendBinary', (end) => end.session.sendBinary(EMPTY)],
  ['sendFragment', (end) => end.session.sendFragment('x', true, true)],
  ['ping', (end) => end.session.ping(EMPTY)],
  ['pong', (end) => end.session.pong(EMPTY)],
];

describe.each(['client', 'server'] as const)('a %s that sends', (role) => {
  it('writes messages as frames, masked if it is a client (RFC 6455 §5.1)', () => {
    const end = openEndpoint(role);
    end.session.sendText('hé');
    end.session.sendBinary(bytesOf([1, 2]));
    end.session.sendBinary(bytesOf('é'), true);
    const bytes = end.sent();
    expect(parseFrames(bytes).every(({ isMasked }) => isMasked === (role === 'client'))).toBe(true);
    expect(parseFrames(bytes).map(({ opcode, payload }) => [opcode, [...payload]])).toEqual([
      [1, [...bytesOf('hé')]],
      [2, [1, 2]],
      [1, [...bytesOf('é')]],
    ]);
  });

  it('writes fragments of text and of bytes, and control frames between them (RFC 6455 §5.4)', () => {
    const end = openEndpoint(role);
    end.session.sendFragment('a', true, false);
    end.session.ping(bytesOf('p'));
    end.session.sendFragment(bytesOf('b'), false, false);
    end.session.pong(bytesOf('q'));
    end.session.sendFragment('c', true, true);
    end.session.sendFragment(bytesOf([1]), false, true);
    end.session.sendText('whole');
    expect(end.sentFrames()).toEqual([
      'text (more):a',
      'ping:p',
      'continuation (more):b',
      'pong:q',
      'continuation:c',
      'binary:01',
      'text:whole',
    ]);
  });

  it('writes no whole message inside a fragmented one (RFC 6455 §5.4)', () => {
    const end = openEndpoint(role);
    end.session.sendFragment('a', true, false);
    expect(() => end.session.sendText('x')).toThrow(LocalProtocolError);
    expect(() => end.session.sendBinary(EMPTY)).toThrow(LocalProtocolError);
    end.session.sendFragment('b', true, true);
    expect(end.sentFrames()).toEqual(['text (more):a', 'continuation:b']);
  });

  it('may close inside a fragmented message', () => {
    const end = openEndpoint(role);
    end.session.sendFragment('a', true, false);
    end.session.close(1001, '', 0);
    expect(end.sentFrames()).toEqual(['text (more):a', 'close:1001']);
  });

  it('writes pings and pongs of 125 bytes and no more (RFC 6455 §5.5)', () => {
    const end = openEndpoint(role);
    end.session.ping(new Uint8Array(125));
    end.session.pong(new Uint8Array(125));
    expect(parseFrames(end.sent()).map(({ payload }) => payload.length)).toEqual([125, 125]);
    expect(() => end.session.ping(new Uint8Array(126))).toThrow(LocalProtocolError);
    expect(() => end.session.pong(new Uint8Array(126))).toThrow(LocalProtocolError);
    expect(end.sent()).toHaveLength(0);
  });

  it.each(CALLS)('may not call %s before the session is open', (_, call) => {
    const end = new Endpoint(role);
    end.sent();
    expect(() => call(end)).toThrow(LocalProtocolError);
    expect(end.sent()).toHaveLength(0);
  });

  it.each(CALLS)('may not call %s once the session is closing or closed', (_, call) => {
    const ways: readonly ((end: Endpoint) => void)[] = [
      (end) => end.session.close(1000, '', 0),
      (end) => end.receiveFrames({ opcode: 8 }),
      (end) => end.session.fail(new TransportError('x')),
      (end) => end.session.receiveEof(0),
    ];
    for (const finish of ways) {
      const end = openEndpoint(role);
      finish(end);
      end.sent();
      expect(() => call(end)).toThrow(ConnectionClosedError);
      expect(end.sent()).toHaveLength(0);
    }
  });
});
