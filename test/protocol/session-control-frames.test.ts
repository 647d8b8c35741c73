import { describe, expect, it } from 'vitest';
import { Endpoint, LIMITS, openEndpoint } from '../support/endpoint.ts';
import { closePayload, frame, KEY } from '../support/frames.ts';
import { request, response } from '../support/handshakes.ts';

const ROLES = ['client', 'server'] as const;
const NEVER = Number.POSITIVE_INFINITY;
const { pingInterval, pingTimeout } = LIMITS;

describe.each(ROLES)('pings to a %s', (role) => {
  it('are answered with their payload (RFC 6455 §5.5.2)', () => {
    const end = openEndpoint(role);
    end.receiveFrames(
      { opcode: 9, payload: '' },
      { opcode: 9, payload: 'x'.repeat(125) },
      { opcode: 1, payload: 'a', isFinal: false },
      { opcode: 9, payload: 'inside' },
      { opcode: 0, payload: 'b' },
    );
    expect(end.sentFrames()).toEqual(['pong:', `pong:${'x'.repeat(125)}`, 'pong:inside']);
    expect(end.events).toEqual(['ping:', `ping:${'x'.repeat(125)}`, 'ping:inside', 'text:ab']);
  });

  it('are only reported if autoPong is off', () => {
    const end = openEndpoint(role, { autoPong: false });
    end.receiveFrames({ opcode: 9, payload: 'p' });
    expect(end.events).toEqual(['ping:p']);
    expect(end.sent()).toHaveLength(0);
  });

  it('are not answered after a close frame was received', () => {
    const end = openEndpoint(role);
    end.receiveFrames({ opcode: 8, payload: closePayload(1000) }, { opcode: 9, payload: 'p' });
    expect(end.sentFrames()).toEqual(['close:1000']);
  });

  it('are answered with one pong, for the latest, after the output was blocked (RFC 6455 §5.5.3)', () => {
    const end = openEndpoint(role);
    end.output.isBlocked = true;
    for (let i = 0; i < 10_000; i++) end.receiveFrames({ opcode: 9, payload: String(i) });
    expect(end.sent()).toHaveLength(0);
    end.output.isBlocked = false;
    expect(end.session.awaitsRoom).toBe(true);
    end.session.handleWritable(1);
    expect(end.session.awaitsRoom).toBe(false);
    expect(end.sentFrames()).toEqual(['pong:9999']);
    end.session.handleWritable(2);
    expect(end.sent()).toHaveLength(0);
  });

  it('are answered after the output was blocked also while closing, unless a close frame came', () => {
    const closing = openEndpoint(role);
    closing.output.isBlocked = true;
    closing.receiveFrames({ opcode: 9, payload: 'p' });
    closing.session.close(1000, '', 0);
    closing.session.handleWritable(1);
    expect(closing.sentFrames()).toEqual(['close:1000', 'pong:p']);
    const closed = openEndpoint(role);
    closed.output.isBlocked = true;
    closed.receiveFrames({ opcode: 9, payload: 'p' }, { opcode: 8, payload: closePayload(1000) });
    closed.session.handleWritable(1);
    expect(closed.sentFrames()).toEqual(['close:1000']);
  });

  it('are answered with their payload, although their memory is used again', () => {
    const end = openEndpoint(role);
    end.output.isBlocked = true;
    const key = role === 'server' ? KEY : undefined;
    // The bytes are a Buffer, whose `slice` makes a view and no copy.
    const bytes = Buffer.from(frame({ opcode: 9, payload: 'held', key }));
    end.session.receive(bytes, 0, bytes.length, 0);
    bytes.fill(0x78);
    end.output.isBlocked = false;
    end.session.handleWritable(1);
    expect(end.sentFrames()).toEqual(['pong:held']);
  });

  it('are never answered with an older pong after a newer one', () => {
    const end = openEndpoint(role);
    end.output.isBlocked = true;
    end.receiveFrames({ opcode: 9, payload: 'old' });
    end.output.isBlocked = false;
    end.receiveFrames({ opcode: 9, payload: 'new' });
    end.session.handleWritable(1);
    expect(end.sentFrames()).toEqual(['pong:new']);
  });

  it('keep their payload until it is answered, whatever becomes of the receive buffer', () => {
    const end = openEndpoint(role);
    end.output.isBlocked = true;
    end.receiveFrames({ opcode: 9, payload: 'kept' });
    end.receiveFrames({ opcode: 10, payload: 'over' });
    end.session.handleWritable(1);
    expect(end.sentFrames()).toEqual(['pong:kept']);
  });
});

describe.each(ROLES)('keepalive of a %s', (role) => {
  it('pings after silence and fails with 1011 after further silence', () => {
    const end = openEndpoint(role, { now: 1000 });
    expect(end.session.nextTimeout()).toBe(1000 + pingInterval);
    end.session.handleTimeout(999 + pingInterval);
    expect(end.sent()).toHaveLength(0);
    const pinged = 1000 + pingInterval;
    end.session.handleTimeout(pinged);
    expect(end.sentFrames()).toEqual(['ping:']);
    expect(end.session.nextTimeout()).toBe(pinged + pingTimeout);
    end.session.handleTimeout(pinged + pingTimeout - 1);
    expect(end.events).toEqual([]);
    end.session.handleTimeout(pinged + pingTimeout);
    expect(end.events).toEqual(['failure:WS_TIMEOUT', 'shutdown']);
    expect(end.failures[0]).toMatchObject({ operation: 'keepalive', timeout: pingTimeout });
    expect(end.sentFrames()).toEqual(['close:1011']);
    // The connection ends even if the peer stays silent.
    end.session.handleTimeout(end.session.nextTimeout());
    expect(end.events.at(-1)).toBe('closed');
    expect(end.session.nextTimeout()).toBe(NEVER);
  });

  it('takes any byte from the peer as a sign of life, even one in the middle of a frame', () => {
    const end = openEndpoint(role);
    end.session.handleTimeout(pingInterval);
    end.now = pingInterval + pingTimeout - 1;
    end.receive(Uint8Array.of(0x81));
    expect(end.session.nextTimeout()).toBe(end.now + pingInterval);
    end.session.handleTimeout(pingInterval + pingTimeout);
    expect(end.events).toEqual([]);
  });

  it('does not take it as a sign of life that the system takes output', () => {
    const end = openEndpoint(role);
    end.session.handleTimeout(pingInterval);
    end.sent();
    for (const now of [1, 2, 3]) {
      end.session.handleProgress(pingInterval + now);
      end.session.handleWritable(pingInterval + now);
    }
    expect(end.session.nextTimeout()).toBe(pingInterval + pingTimeout);
    end.session.handleTimeout(pingInterval + pingTimeout);
    expect(end.failures[0]).toMatchObject({ operation: 'keepalive' });
  });

  it('waits for the answer from when the ping has left, as long as the output before it moves', () => {
    const end = openEndpoint(role);
    end.output.isBlocked = true;
    end.session.handleTimeout(pingInterval);
    expect(end.sentFrames()).toEqual(['ping:']);
    let now = pingInterval;
    for (let i = 0; i < 5; i++) {
      now += pingTimeout - 1;
      end.session.handleTimeout(now);
      end.session.handleProgress(now);
    }
    end.output.isBlocked = false;
    end.session.handleWritable(now + 1);
    expect(end.events).toEqual([]);
    expect(end.session.nextTimeout()).toBe(now + 1 + pingTimeout);
    end.session.handleTimeout(now + 1 + pingTimeout);
    expect(end.failures[0]).toMatchObject({ operation: 'keepalive' });
  });

  it('does not fail the connection while it is paused, since silence proves nothing then', () => {
    const end = openEndpoint(role);
    end.session.isPaused = true;
    end.session.handleTimeout(pingInterval);
    expect(end.sent()).toHaveLength(0);
    expect(end.session.nextTimeout()).toBe(2 * pingInterval);
    end.session.isPaused = false;
    end.session.handleTimeout(2 * pingInterval);
    expect(end.sentFrames()).toEqual(['ping:']);
    end.session.isPaused = true;
    end.session.handleTimeout(2 * pingInterval + pingTimeout);
    expect(end.events).toEqual([]);
  });

  it('counts from the moment at which the session opened', () => {
    const end = new Endpoint(role, { onRequest: () => {} });
    end.now = 3000;
    end.receive(role === 'client' ? response() : request());
    if (role === 'server') end.session.accept('', [], 4000);
    expect(end.session.nextTimeout()).toBe((role === 'server' ? 4000 : 3000) + pingInterval);
  });

  it('may be off, or ping without waiting for an answer', () => {
    expect(openEndpoint(role, { limits: { pingInterval: 0 } }).session.nextTimeout()).toBe(NEVER);
    const end = openEndpoint(role, { limits: { pingTimeout: 0 } });
    end.session.handleTimeout(pingInterval);
    expect(end.sentFrames()).toEqual(['ping:']);
    expect(end.session.nextTimeout()).toBe(NEVER);
  });
});
