import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Watched } from '../../src/transport/deadline-watch.ts';

const now = (): number => performance.now();
let deadlineWatch: typeof import('../../src/transport/deadline-watch.ts').deadlineWatch;

/** A connection with one deadline. It notes when its watch ended. */
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
  beforeEach(async () => {
    vi.useFakeTimers();
    vi.resetModules();
    // Those of the globals, which can be faked.
    vi.doMock('../../src/transport/clock.ts', () => ({ now, setTimeout, clearTimeout }));
    ({ deadlineWatch } = await import('../../src/transport/deadline-watch.ts'));
  });
  afterEach(() => {
    vi.doUnmock('../../src/transport/clock.ts');
    vi.useRealTimers();
  });

  it('does not watch a deadline that is near', () => {
    const connection = new Connection(now() + 1500);
    expect(deadlineWatch.add(connection, connection.due, now())).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends the watch over each of many before its deadline, with one timer at a time', () => {
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

  it('goes on if the deadline has moved on in the meantime', () => {
    const connection = watch(5000);
    vi.advanceTimersByTime(3000);
    connection.due = now() + 20_000;
    vi.advanceTimersByTime(15_000);
    expect(connection.near).toBeUndefined();
    vi.advanceTimersByTime(5000);
    expect(connection.near).toBeLessThanOrEqual(connection.due);
  });

  it('ends for a connection that has no deadline any more', () => {
    const connection = watch(5000);
    connection.due = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(5000);
    expect(connection.near).toBeDefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('looks earlier for a new connection with an earlier deadline', () => {
    const late = watch(60_000);
    const early = watch(3000);
    vi.advanceTimersByTime(3000);
    expect(early.near).toBeLessThanOrEqual(early.due);
    expect(late.near).toBeUndefined();
    deadlineWatch.remove(late);
  });

  it('has no timer once no connection is left', () => {
    const connections = [watch(5000), watch(6000)];
    for (const connection of connections) deadlineWatch.remove(connection);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(connections.map(({ near }) => near)).toEqual([undefined, undefined]);
  });
});
