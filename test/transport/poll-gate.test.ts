import { cpus } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';

/** The CPU that the thread has used, as the gate sees it, in µs. */
let cpu = 0;
Object.assign(process, { threadCpuUsage: () => ({ user: cpu, system: 0 }) });
const { PollGate, defaultPoll } = await import('../../src/transport/poll-gate.ts');
type Gate = InstanceType<typeof PollGate>;

/** What a wait takes and brings: milliseconds, µs of CPU, messages. */
interface Cost {
  readonly time: number;
  readonly cpu: number;
  /** Default 1. */
  readonly messages?: number;
}

/** Has so many waits take what they take, sleeping or polling; returns which of them polled. */
function wait(gate: Gate, times: number, sleeping: Cost, polling: Cost): boolean[] {
  return Array.from({ length: times }, () => {
    const polls = gate.next() > 0;
    const cost = polls ? polling : sleeping;
    cpu += cost.cpu;
    gate.observe(cost.time);
    gate.messages += cost.messages ?? 1;
    return polls;
  });
}

/** Waits that a trial takes, and those before the first one. */
const TRIAL = 112;
const SLOW = { time: 0.09, cpu: 40 };
const QUICK = { time: 0.035, cpu: 38 };
const count = (polls: readonly boolean[]) => polls.filter((each) => each).length;
/** Where polling begins. */
const starts = (polls: readonly boolean[]) =>
  polls.flatMap((each, index) => (each && !polls[index - 1] ? index : []));

describe('the gate of polling', () => {
  afterEach(() => {
    cpu = 0;
  });

  it('lets a wait poll for 200 µs at most by default, and not at all with one processor', () => {
    expect(defaultPoll()).toBe(cpus().length < 2 ? 0 : 200);
  });

  it('never polls where that is turned off', () => {
    expect(count(wait(new PollGate(0), 5000, SLOW, QUICK))).toBe(0);
  });

  it('always polls where that is forced, for the length it was given', () => {
    const gate = new PollGate(200, true);
    expect(gate.next()).toBe(0.2);
    expect(count(wait(gate, 5000, SLOW, { time: 9, cpu: 9000 }))).toBe(5000);
    expect(gate.isMeasuring).toBe(false);
  });

  it('sleeps first, then tries to poll, and polls on where replies come sooner so', () => {
    const gate = new PollGate(200);
    expect(count(wait(gate, TRIAL, SLOW, QUICK))).toBe(0);
    expect(count(wait(gate, TRIAL, SLOW, QUICK))).toBe(TRIAL);
    expect(count(wait(gate, 250, SLOW, QUICK))).toBe(250);
  });

  it.each([
    ['replies come no sooner', SLOW, SLOW],
    ['replies come later', { time: 0.02, cpu: 20 }, { time: 0.07, cpu: 20 }],
    ['the CPU rises by more than a tenth', { time: 0.09, cpu: 20 }, { time: 0.04, cpu: 23 }],
    [
      'polling only makes more waits, each for fewer messages',
      { time: 0.08, cpu: 80, messages: 4 },
      { time: 0.04, cpu: 40, messages: 2 },
    ],
  ])('sleeps where %s', (_title, sleeping, polling) => {
    const gate = new PollGate(200);
    wait(gate, 2 * TRIAL, sleeping, polling);
    expect(count(wait(gate, 250, sleeping, polling))).toBe(0);
  });

  it('does not even try where many messages come at a time', () => {
    const gate = new PollGate(200);
    expect(count(wait(gate, 40_000, { ...SLOW, messages: 5 }, QUICK))).toBe(0);
  });

  it('gives a trial up after a few waits whose replies come only once the thread sleeps', () => {
    const gate = new PollGate(200);
    const polls = wait(gate, 1000, { time: 0.03, cpu: 20 }, { time: 0.23, cpu: 220 });
    expect(count(polls)).toBe(8 * starts(polls).length);
  });

  it('tries again, ever more rarely while nothing changes', () => {
    const polls = wait(new PollGate(200), 60_000, SLOW, SLOW);
    const at = starts(polls);
    const gaps = at.slice(1).map((start, index) => start - (at[index] as number));
    expect(gaps).toEqual([512, 1024, 2048, 4096, 8192, 16_384, 16_384].map((rest) => rest + TRIAL));
  });

  it('finds out when polling begins to pay, and stops soon when replies come too late for it', () => {
    const gate = new PollGate(200);
    wait(gate, 1200, SLOW, SLOW);
    expect(count(wait(gate, 4000, SLOW, QUICK))).toBeGreaterThan(800);
    const late = { time: 1, cpu: 250 };
    expect(count(wait(gate, 2000, { time: 1, cpu: 20 }, late))).toBeLessThan(200);
  });

  it('stops polling when it no longer makes replies come sooner', () => {
    const gate = new PollGate(200);
    wait(gate, 1000, SLOW, QUICK);
    const polls = wait(gate, 40_000, QUICK, QUICK);
    expect(count(polls.slice(-2000))).toBe(0);
  });

  it('goes on polling after one long pause', () => {
    const gate = new PollGate(200);
    wait(gate, 2 * TRIAL, SLOW, QUICK);
    wait(gate, 1, SLOW, { time: 10_000, cpu: 50 });
    expect(count(wait(gate, 100, SLOW, QUICK))).toBe(100);
  });
});
