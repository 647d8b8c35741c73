import { describe, expect, it } from 'vitest';
import { LocalProtocolError, TransportError } from '../../src/errors.ts';
import type { Role } from '../../src/protocol/session-options.ts';
import { Endpoint, type EndpointOptions, LIMITS, openEndpoint } from '../support/endpoint.ts';
import { closePayload, type FrameFields } from '../support/frames.ts';

const ROLES = ['client', 'server'] as const;

type State = 'connecting' | 'open' | 'closeSent' | 'closeExchanged' | 'failed' | 'closed';

const BYE: FrameFields = { opcode: 8, payload: closePayload(1001, 'bye') };

/** Brings an endpoint into each state of the closing handshake (RFC 6455 §7.1). */
const REACH: Record<State, (role: Role, options?: EndpointOptions) => Endpoint> = {
  connecting: (role, options) => new Endpoint(role, options),
  open: openEndpoint,
  closeSent(role, options) {
    const end = openEndpoint(role, options);
    end.session.close(1000, '', end.now);
    return end;
  },
  closeExchanged(role, options) {
    const end = openEndpoint(role, options);
    end.receiveFrames(BYE);
    return end;
  },
  failed(role, options) {
    const end = openEndpoint(role, options);
    end.receiveFrames({ opcode: 1, rsv: 4 });
    return end;
  },
  closed(role, options) {
    const end = openEndpoint(role, options);
    end.session.receiveEof(end.now);
    return end;
  },
};

const INPUTS = {
  text: (end: Endpoint) => end.receiveFrames({ opcode: 1, payload: 'hi' }),
  ping: (end: Endpoint) => end.receiveFrames({ opcode: 9, payload: 'p' }),
  pong: (end: Endpoint) => end.receiveFrames({ opcode: 10, payload: 'p' }),
  close: (end: Endpoint) => end.receiveFrames(BYE),
  wrong: (end: Endpoint) => end.receiveFrames({ opcode: 1, rsv: 4 }),
  'own close': (end: Endpoint) => end.session.close(4000, 'x', end.now),
  'own failure': (end: Endpoint) => end.session.fail(new TransportError('x'), end.now),
  'end of connection': (end: Endpoint) => end.session.receiveEof(end.now),
  'loss of connection': (end: Endpoint) => end.session.connectionLost(new TransportError('x')),
  'giving up': (end: Endpoint) => end.session.abandon(),
} as const;

const WRONG = 'failure:WS_REMOTE_PROTOCOL:1002';
const LOST = 'failure:WS_TRANSPORT';

/**
 * What an input does in a state: the events, the frames sent, the state that users see afterwards.
 * An input that is not listed for a state changes nothing, tells nothing and sends nothing.
 */
const CELLS: readonly [State, keyof typeof INPUTS, string[], string[], string][] = [
  ['connecting', 'own failure', [LOST, 'shutdown'], [], 'closing'],
  ['connecting', 'end of connection', ['failure:WS_HANDSHAKE_FAILED', 'closed'], [], 'closed'],
  ['connecting', 'loss of connection', [LOST, 'closed'], [], 'closed'],
  ['connecting', 'giving up', ['closed'], [], 'closed'],
  ['open', 'text', ['text:hi'], [], 'open'],
  ['open', 'ping', ['ping:p'], ['pong:p'], 'open'],
  ['open', 'pong', ['pong:p'], [], 'open'],
  ['open', 'close', ['shutdown'], ['close:1001'], 'closing'],
  ['open', 'wrong', [WRONG, 'shutdown'], ['close:1002'], 'closing'],
  ['open', 'own close', [], ['close:4000x'], 'closing'],
  ['open', 'own failure', [LOST, 'shutdown'], ['close:1011'], 'closing'],
  ['open', 'end of connection', ['closed'], [], 'closed'],
  ['open', 'loss of connection', [LOST, 'closed'], [], 'closed'],
  ['open', 'giving up', ['closed'], [], 'closed'],
  ['closeSent', 'text', ['text:hi'], [], 'closing'],
  ['closeSent', 'ping', ['ping:p'], ['pong:p'], 'closing'],
  ['closeSent', 'pong', ['pong:p'], [], 'closing'],
  ['closeSent', 'close', ['shutdown'], [], 'closing'],
  ['closeSent', 'wrong', [WRONG, 'shutdown'], [], 'closing'],
  ['closeSent', 'own failure', [LOST, 'shutdown'], [], 'closing'],
  ['closeSent', 'end of connection', ['closed'], [], 'closed'],
  ['closeSent', 'loss of connection', [LOST, 'closed'], [], 'closed'],
  ['closeSent', 'giving up', ['closed'], [], 'closed'],
  ['closeExchanged', 'end of connection', ['closed'], [], 'closed'],
  ['closeExchanged', 'loss of connection', ['closed'], [], 'closed'],
  ['closeExchanged', 'giving up', ['closed'], [], 'closed'],
  ['failed', 'end of connection', ['closed'], [], 'closed'],
  ['failed', 'loss of connection', ['closed'], [], 'closed'],
  ['failed', 'giving up', ['closed'], [], 'closed'],
];

const FRAMES_BEFORE_OPEN: readonly (keyof typeof INPUTS)[] = [
  'text',
  'ping',
  'pong',
  'close',
  'wrong',
];

describe.each(ROLES)('the closing handshake of a %s', (role) => {
  for (const state of Object.keys(REACH) as State[]) {
    for (const input of Object.keys(INPUTS) as (keyof typeof INPUTS)[]) {
      // Before the session is open these bytes are no frames; the tests of the opening handshake have them.
      if (state === 'connecting' && FRAMES_BEFORE_OPEN.includes(input)) continue;
      it(`in state ${state} on ${input} does what RFC 6455 §7.1 says`, () => {
        const end = REACH[state](role);
        const before = end.session.state;
        const { sent, received } = end.session;
        end.sent();
        end.takeEvents();
        INPUTS[input](end);
        const cell = CELLS.find(([from, on]) => from === state && on === input);
        const [, , events, frames, after] = cell ?? [state, input, [], [], before];
        // RFC 6455 §7.1.1: the TCP connection "SHOULD be closed first by the server", so a client waits.
        const isWaiting = role === 'client' && input === 'close';
        expect(end.events).toEqual(isWaiting ? [] : events);
        expect(end.sentFrames()).toEqual(frames);
        expect(end.session.state).toBe(after);
        if (frames.some((name) => name.startsWith('close'))) expect(sent).toBeUndefined();
        else expect(end.session.sent).toBe(sent);
        if (cell === undefined) expect(end.session.received).toBe(received);
      });
    }
  }

  it('is clean if both ends sent a close frame, whichever was first', () => {
    for (const start of ['own close', 'close'] as const) {
      const end = openEndpoint(role);
      INPUTS[start](end);
      INPUTS[start === 'close' ? 'own close' : 'close'](end);
      expect(end.session.wasClean).toBe(true);
      expect(end.session.closeCode).toBeUndefined();
      end.session.receiveEof(1);
      expect(end.session).toMatchObject({ state: 'closed', wasClean: true, closeCode: 1001 });
      expect(end.session.received).toEqual({ code: 1001, reason: 'bye' });
      expect(end.session.sent).toEqual(
        start === 'close' ? { code: 1001, reason: '' } : { code: 4000, reason: 'x' },
      );
    }
  });

  it('is not clean if a close frame is missing, or the connection was failed', () => {
    for (const state of ['connecting', 'open', 'closeSent', 'failed', 'closed'] as const) {
      const end = REACH[state](role);
      end.session.receiveEof(1);
      expect(end.session).toMatchObject({ state: 'closed', wasClean: false, closeCode: 1006 });
    }
  });

  it('answers a close frame with its code and no reason, and an empty one with an empty one', () => {
    for (const code of [1000, 1003, 1007, 1014, 3000, 4999]) {
      const end = openEndpoint(role);
      end.receiveFrames({ opcode: 8, payload: closePayload(code, 'why') });
      expect(end.sentFrames()).toEqual([`close:${code}`]);
      expect(end.session.received).toEqual({ code, reason: 'why' });
    }
    const end = openEndpoint(role);
    end.receiveFrames({ opcode: 8 });
    expect(end.sentFrames()).toEqual(['close:']);
    end.session.receiveEof(1);
    expect(end.session).toMatchObject({ closeCode: 1005, wasClean: true });
    expect(end.session.sent).toEqual({ code: 1005, reason: '' });
  });

  it.each([
    ['of one byte', [3], 1002],
    ['with code 1005', closePayload(1005), 1002],
    ['with code 1006', closePayload(1006), 1002],
    ['with code 1015', closePayload(1015), 1002],
    ['with code 2999', closePayload(2999), 1002],
    ['whose reason is not UTF-8', closePayload(1000, [0xff]), 1007],
  ])('fails on a close frame %s', (_, payload, code) => {
    const end = openEndpoint(role);
    end.receiveFrames({ opcode: 8, payload });
    expect(end.events).toEqual([`failure:WS_REMOTE_PROTOCOL:${code}`, 'shutdown']);
    expect(end.sentFrames()).toEqual([`close:${code}`]);
    expect(end.session.received).toBeUndefined();
  });

  it('discards all that arrives after a close frame (RFC 6455 §1.4)', () => {
    const end = openEndpoint(role);
    end.receiveFrames(
      BYE,
      { opcode: 1, payload: 'late' },
      { opcode: 9 },
      { opcode: 8 },
      { opcode: 3 },
    );
    expect(end.events.filter((event) => event !== 'shutdown')).toEqual([]);
    expect(end.sentFrames()).toEqual(['close:1001']);
    expect(end.session.wasClean).toBe(true);
  });

  it('drops an unfinished message', () => {
    const end = openEndpoint(role);
    end.receiveFrames({ opcode: 1, payload: 'half', isFinal: false }, BYE);
    end.session.receiveEof(1);
    expect(end.events.filter((event) => event.startsWith('text'))).toEqual([]);
  });

  it('refuses codes and reasons that may not be sent, in any state, and changes nothing', () => {
    for (const state of Object.keys(REACH) as State[]) {
      const end = REACH[state](role);
      const before = end.session.state;
      end.sent();
      for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000]) {
        expect(() => end.session.close(code, '', 0)).toThrow(RangeError);
      }
      expect(() => end.session.close(1000, 'x'.repeat(124), 0)).toThrow(LocalProtocolError);
      expect(() => end.session.close(undefined, 'x', 0)).toThrow(LocalProtocolError);
      expect(end.session.state).toBe(before);
      expect(end.sent()).toHaveLength(0);
    }
  });

  it('may begin without a code', () => {
    const end = openEndpoint(role);
    end.session.close(undefined, '', 0);
    expect(end.sentFrames()).toEqual(['close:']);
    expect(end.session.sent).toEqual({ code: 1005, reason: '' });
  });
});

describe.each(ROLES)('the time limit of the closing handshake of a %s', (role) => {
  const { closeTimeout } = LIMITS;

  it.each<[State, string[]]>([
    ['closeSent', ['failure:WS_TIMEOUT', 'closed']],
    ['closeExchanged', ['closed']],
    ['failed', ['closed']],
  ])('in state %s ends the session', (state, events) => {
    const end = REACH[state](role, { now: 1000 });
    end.takeEvents();
    expect(end.session.nextTimeout()).toBe(1000 + closeTimeout);
    end.session.handleTimeout(999 + closeTimeout);
    expect(end.events).toEqual([]);
    end.session.handleTimeout(1000 + closeTimeout);
    expect(end.events).toEqual(events);
    expect(end.session.state).toBe('closed');
    expect(end.session.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    end.session.handleTimeout(1e9);
    expect(end.events).toEqual(events);
  });

  it('runs from the first step, whatever happens later', () => {
    const end = REACH.closeSent(role, { now: 1000 });
    end.now = 3000;
    end.receiveFrames({ opcode: 1, payload: 'still here' }, BYE);
    end.session.handleWritable(3500);
    expect(end.session.nextTimeout()).toBe(1000 + closeTimeout);
  });

  it('runs from the moment at which the peer closed, or broke a rule', () => {
    for (const fields of [BYE, { opcode: 3 }]) {
      const end = openEndpoint(role);
      end.now = 7000;
      end.receiveFrames(fields);
      expect(end.session.nextTimeout()).toBe(7000 + closeTimeout);
    }
    const pinged = openEndpoint(role);
    pinged.session.handleTimeout(LIMITS.pingInterval);
    pinged.session.handleTimeout(50_000);
    expect(pinged.session.nextTimeout()).toBe(50_000 + closeTimeout);
  });

  it('runs from the moment at which the owner failed the session, not from the last byte', () => {
    const end = openEndpoint(role, { now: 1000 });
    end.session.fail(new TransportError('x'), 15_000);
    expect(end.session.nextTimeout()).toBe(15_000 + closeTimeout);
    const early = new Endpoint(role, { now: 1000 });
    early.session.fail(new TransportError('x'));
    expect(early.session.nextTimeout()).toBe(1000 + closeTimeout);
  });

  it('may be switched off', () => {
    const end = REACH.closeSent(role, { limits: { closeTimeout: 0 } });
    expect(end.session.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('failing a session with an error that has a close code of its own', () => {
  it('sends 1011 if that code may not be sent', () => {
    const end = openEndpoint('server');
    const other = openEndpoint('server');
    other.session.receiveEof(0);
    end.session.fail(other.session.closedError());
    expect(end.sentFrames()).toEqual(['close:1011']);
  });
});
