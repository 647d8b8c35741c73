import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { defaultPoll, PollGate } from '../../src/transport/poll-gate.ts';

/** Makes so many waits of so many milliseconds; returns how long each might poll. */
function wait(gate: PollGate, waited: number, times: number): number[] {
  return Array.from({ length: times }, () => {
    const poll = gate.next();
    gate.observe(waited);
    return poll;
  });
}

describe('the gate for polling', () => {
  it('lets waits poll at first, for its length', () => {
    expect(new PollGate(200).next()).toBe(0.2);
  });

  it('has a length of 50 µs by default, 100 over TLS, and 0 on a machine with one processor', () => {
    const isAlone = cpus().length < 2;
    expect(defaultPoll(false)).toBe(isAlone ? 0 : 50);
    expect(defaultPoll(true)).toBe(isAlone ? 0 : 100);
  });

  it('lets no wait poll if its length is 0', () => {
    const gate = new PollGate(0);
    expect([...wait(gate, 0, 100), ...wait(gate, 1, 5000)].every((poll) => poll === 0)).toBe(true);
  });

  it('stays open while replies come within its length', () => {
    expect(wait(new PollGate(50), 0.03, 1000).every((poll) => poll === 0.05)).toBe(true);
  });

  it('closes while replies take longer on average, but for probes of a few waits, which become rarer', () => {
    const gate = new PollGate(50);
    wait(gate, 1, 20);
    const polls = wait(gate, 1, 4000);
    const isProbe = (index: number) => (polls[index] ?? 0) > 0;
    const starts = polls.flatMap((_, index) =>
      isProbe(index) && !isProbe(index - 1) ? index : [],
    );
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] as number));
    expect(gaps).toEqual([67, 131, 259, 515, 1027, 1027]);
    expect(polls.filter((poll) => poll > 0)).toHaveLength(4 * starts.length);
  });

  it('opens again if the server replies in time after the first waits of a probe have woken it', () => {
    const gate = new PollGate(50);
    wait(gate, 1, 20);
    let awake = 0;
    let polled = 0;
    for (let i = 0; i < 1000; i++) {
      const isPolling = gate.next() > 0;
      awake = isPolling ? awake + 1 : 0;
      if (isPolling) polled++;
      gate.observe(awake > 2 ? 0.03 : 0.09);
    }
    expect(polled).toBeGreaterThan(900);
  });

  it('opens again at the first probe that is answered in time, and probes often from then on', () => {
    const gate = new PollGate(50);
    wait(gate, 100, 1000);
    const polls = wait(gate, 0.04, 2000);
    expect(polls.slice(polls.indexOf(0.05)).every((poll) => poll > 0)).toBe(true);
    wait(gate, 1, 20);
    expect(wait(gate, 1, 40).filter((poll) => poll > 0)).toHaveLength(4);
  });

  it('stays closed if replies are fast after a sleep and slow after a poll', () => {
    const gate = new PollGate(50);
    let polled = 0;
    for (let i = 0; i < 10_000; i++) {
      const isPolling = gate.next() > 0;
      if (isPolling) polled++;
      gate.observe(isPolling ? 0.07 : 0.02);
    }
    expect(polled).toBeLessThan(80);
  });

  it('stays open after one long pause', () => {
    const gate = new PollGate(50);
    wait(gate, 0.02, 100);
    wait(gate, 10_000, 1);
    expect(gate.next()).toBe(0.05);
  });
});
