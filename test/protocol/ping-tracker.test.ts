import { describe, expect, it } from 'vitest';
import { PingTracker } from '../../src/protocol/ping-tracker.ts';
import { bytesOf, concat } from '../support/frames.ts';

/** Gives the tracker a pong that lies in the middle of other bytes. */
function pong(tracker: PingTracker, payload: Uint8Array | string, now: number): void {
  const bytes = concat([0xff], bytesOf(payload), [0xff]);
  tracker.received(bytes, 1, bytes.length - 1, now);
}

/** Sends pings at 0, 10, 20 … and returns the calls of their observers. */
function sendPings(tracker: PingTracker, ...payloads: readonly string[]): (string | undefined)[] {
  const told: (string | undefined)[] = [];
  payloads.forEach((payload, i) => {
    tracker.sent(bytesOf(payload), 10 * i, (time) => told.push(`${payload} ${time}`));
  });
  return told;
}

describe('PingTracker', () => {
  it('tells the round-trip time when the pong comes', () => {
    const tracker = new PingTracker();
    const told = sendPings(tracker, 'a');
    expect(tracker.latency).toBeUndefined();
    pong(tracker, 'a', 25);
    expect(told).toEqual(['a 25']);
    expect(tracker.latency).toBe(25);
    pong(tracker, 'a', 30);
    expect(told).toHaveLength(1);
  });

  it('takes a pong as the answer to all earlier pings too (RFC 6455 §5.5.3)', () => {
    const tracker = new PingTracker();
    const told = sendPings(tracker, 'a', 'b', 'c');
    pong(tracker, 'b', 100);
    expect(told).toEqual(['a 100', 'b 90']);
    expect(tracker.latency).toBe(90);
    pong(tracker, 'c', 110);
    expect(told).toEqual(['a 100', 'b 90', 'c 90']);
  });

  it('takes pongs with the same payload as answers in order', () => {
    const tracker = new PingTracker();
    const told = sendPings(tracker, 'same', 'other', 'same', 'same');
    pong(tracker, 'same', 100);
    expect(told).toEqual(['same 100']);
    pong(tracker, 'same', 100);
    expect(told).toEqual(['same 100', 'other 90', 'same 80']);
    pong(tracker, 'other', 100);
    expect(told).toHaveLength(3);
    pong(tracker, 'same', 100);
    pong(tracker, 'same', 100);
    expect(told).toEqual(['same 100', 'other 90', 'same 80', 'same 70']);
  });

  it('tells apart payloads that are not text', () => {
    const tracker = new PingTracker();
    tracker.sent(Uint8Array.of(0xc3, 0xa9), 0);
    pong(tracker, Uint8Array.of(0xe9), 5);
    pong(tracker, Uint8Array.of(0xc3, 0xa8), 5);
    expect(tracker.latency).toBeUndefined();
    pong(tracker, Uint8Array.of(0xc3, 0xa9), 5);
    expect(tracker.latency).toBe(5);
  });

  it('ignores pongs that answer no ping', () => {
    const tracker = new PingTracker();
    const told = sendPings(tracker, 'ab');
    for (const payload of ['', 'a', 'abc', 'xb', 'ax']) pong(tracker, payload, 5);
    expect(told).toEqual([]);
    expect(tracker.latency).toBeUndefined();
  });

  it('measures the latency by a ping without an observer too', () => {
    const tracker = new PingTracker();
    tracker.sent(new Uint8Array(0), 7);
    pong(tracker, '', 10);
    expect(tracker.latency).toBe(3);
  });

  it('remembers the payload as it was sent', () => {
    const tracker = new PingTracker();
    const payload = bytesOf('a');
    tracker.sent(payload, 0);
    payload.fill(0);
    pong(tracker, 'a', 1);
    expect(tracker.latency).toBe(1);
  });

  it('makes payloads that differ', () => {
    const tracker = new PingTracker();
    const payloads = Array.from({ length: 300 }, () => tracker.nextPayload().toString());
    expect(new Set(payloads).size).toBe(300);
  });

  it('tells every observer once that no pong will come any more', () => {
    const tracker = new PingTracker();
    const told = sendPings(tracker, 'a', 'b');
    tracker.sent(bytesOf('c'), 0);
    tracker.cancel();
    tracker.cancel();
    pong(tracker, 'a', 1);
    expect(told).toEqual(['a undefined', 'b undefined']);
    expect(tracker.latency).toBeUndefined();
  });
});

describe('PingTracker, with a peer that never answers', () => {
  it('remembers a limited number of pings without an observer', () => {
    const tracker = new PingTracker();
    for (let i = 0; i < 1024; i++) tracker.sent(bytesOf(`${i}`), i);
    tracker.sent(bytesOf('one too many'), 5000);
    pong(tracker, 'one too many', 6000);
    expect(tracker.latency).toBeUndefined();
    const told: (number | undefined)[] = [];
    tracker.sent(bytesOf('awaited'), 7000, (time) => told.push(time));
    pong(tracker, 'awaited', 7010);
    expect(told).toEqual([10]);
  });

  it('takes as long for a pong that nobody asked for, however many pings wait', () => {
    const few = new PingTracker();
    const many = new PingTracker();
    few.sent(few.nextPayload(), 0);
    for (let i = 0; i < 1024; i++) many.sent(many.nextPayload(), 0);
    const unasked = Uint8Array.of(0, 0, 255, 255);
    const time = (tracker: PingTracker): number => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 10; round++) {
        const start = performance.now();
        for (let i = 0; i < 2000; i++) tracker.received(unasked, 0, 4, 1);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    time(few);
    // A search through all pings would take hundreds of times as long.
    expect(time(many)).toBeLessThan(20 * time(few) + 1);
  });
});
