import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../../src/errors.ts';
import { Deadlines } from '../../src/protocol/deadlines.ts';

const LIMITS = { openTimeout: 100, closeTimeout: 200, pingInterval: 300, pingTimeout: 50 };
const NEVER = Number.POSITIVE_INFINITY;

function timeout(deadlines: Deadlines, now: number): [string, number] {
  const due = deadlines.due(now);
  if (!(due instanceof TimeoutError)) throw new Error(`no time limit passed, but ${due}`);
  return [due.operation, due.timeout];
}

describe('Deadlines', () => {
  it('limits the opening handshake from the start', () => {
    const deadlines = new Deadlines(LIMITS, 1000);
    expect(deadlines.next()).toBe(1100);
    expect(deadlines.due(1099)).toBeUndefined();
    deadlines.heard(1099);
    expect(timeout(deadlines, 1100)).toEqual(['connect', 100]);
  });

  it('asks for a ping after silence, and for failure after further silence', () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.opened(10);
    expect(deadlines.next()).toBe(310);
    expect(deadlines.due(309.9)).toBeUndefined();
    expect(deadlines.due(315)).toBe('ping');
    expect(deadlines.next()).toBe(365);
    expect(deadlines.due(364)).toBeUndefined();
    expect(timeout(deadlines, 365)).toEqual(['keepalive', 50]);
  });

  it('takes any sign of life as an answer to the ping', () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.opened(0);
    expect(deadlines.due(300)).toBe('ping');
    deadlines.heard(340);
    expect(deadlines.next()).toBe(640);
    expect(deadlines.due(350)).toBeUndefined();
  });

  it('starts the time for an answer anew when output before a waiting ping leaves, and when the ping leaves', () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.opened(0);
    deadlines.taken(200, true);
    expect(deadlines.due(300)).toBe('ping');
    deadlines.pingWaits();
    deadlines.taken(340, false);
    expect(deadlines.next()).toBe(390);
    deadlines.taken(380, true);
    expect(deadlines.next()).toBe(430);
    deadlines.taken(400, true);
    expect(timeout(deadlines, 430)).toEqual(['keepalive', 50]);
  });

  it('gives a ping no extra time because an earlier ping had to wait', () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.opened(0);
    expect(deadlines.due(300)).toBe('ping');
    deadlines.pingWaits();
    deadlines.heard(310);
    expect(deadlines.due(610)).toBe('ping');
    deadlines.taken(640, true);
    expect(timeout(deadlines, 660)).toEqual(['keepalive', 50]);
  });

  it('limits the closing handshake from its first step', () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.opened(0);
    expect(deadlines.due(300)).toBe('ping');
    deadlines.closing(310);
    deadlines.closing(400);
    deadlines.heard(450);
    expect(deadlines.next()).toBe(510);
    expect(deadlines.due(509)).toBeUndefined();
    expect(timeout(deadlines, 510)).toEqual(['close', 200]);
  });

  it('sets no limit where the option is 0', () => {
    const none = { openTimeout: 0, closeTimeout: 0, pingInterval: 0, pingTimeout: 0 };
    const deadlines = new Deadlines(none, 0);
    expect(deadlines.next()).toBe(NEVER);
    expect(deadlines.due(1e12)).toBeUndefined();
    deadlines.opened(0);
    expect(deadlines.next()).toBe(NEVER);
    deadlines.closing(0);
    expect(deadlines.next()).toBe(NEVER);
  });

  it('waits for ever for the answer to a ping if pingTimeout is 0', () => {
    const deadlines = new Deadlines({ ...LIMITS, pingTimeout: 0 }, 0);
    deadlines.opened(0);
    expect(deadlines.due(300)).toBe('ping');
    expect(deadlines.next()).toBe(NEVER);
    deadlines.heard(1000);
    expect(deadlines.next()).toBe(1300);
  });
});
