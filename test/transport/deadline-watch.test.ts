import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { now } from '../../src/transport/clock.ts';
import { deadlineWatch, type Watched } from '../../src/transport/deadline-watch.ts';

// Those of the globals, which can be faked.
vi.mock('../../src/transport/clock.ts', () => ({
  now: () => performance.now(),
  setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
}));

/** A connection with one deadline, that remembers when it was handed back. */
class Connection implements Watched {
  due: number;
  near: number | undefined;

  constructor(due: number) {
    this.due = due;
  }

  nextTimeout(): number {
    return this.due;
  }

  handleNear(): void {
    this.near = now();
  }
}

function watch(delay: number): Connection {
  const connection = new Connection(now() + delay);
  expect(deadlineWatch.add(connection, connection.due, now())).toBe(true);
  return connection;
}

describe('the watch over deadlines that are far away', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('leaves a deadline that is near to a timer of its own', () => {
    const connection = new Connection(now() + 1500);
    expect(deadlineWatch.add(connection, connection.due, now())).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hands each of many back before its deadline, with one timer at a time', () => {
    const connections = Array.from({ length: 200 }, (_, i) => watch(2000 + 97 * i));
    expect(vi.getTimerCount()).toBe(1);
    for (let i = 0; i < 300; i++) {
      vi.advanceTimersByTime(100);
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    }
    for (const { due, near } of connections) {
      expect(near).toBeLessThanOrEqual(due);
      expect(near).toBeGreaterThan(due - 2000);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on watching one whose deadline has moved on in the meantime', () => {
    const connection = watch(5000);
    vi.advanceTimersByTime(3000);
    connection.due = now() + 20_000;
    vi.advanceTimersByTime(15_000);
    expect(connection.near).toBeUndefined();
    vi.advanceTimersByTime(5000);
    expect(connection.near).toBeLessThanOrEqual(connection.due);
  });

  it('hands back one that has no deadline any more', () => {
    const connection = watch(5000);
    connection.due = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(5000);
    expect(connection.near).toBeDefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('looks earlier for a new one whose deadline is earlier', () => {
    const late = watch(60_000);
    const early = watch(3000);
    vi.advanceTimersByTime(3000);
    expect(early.near).toBeLessThanOrEqual(early.due);
    expect(late.near).toBeUndefined();
    deadlineWatch.remove(late);
  });

  it('has no timer once nobody is left to watch', () => {
    const connections = [watch(5000), watch(6000)];
    for (const connection of connections) deadlineWatch.remove(connection);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(connections.map(({ near }) => near)).toEqual([undefined, undefined]);
  });
});
