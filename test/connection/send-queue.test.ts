import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { DrainWaiters } from '../../src/connection/drain-waiters.ts';
import { SendQueue, type Turn } from '../../src/connection/send-queue.ts';

const REASON = new Error('changed my mind');
const never = new Promise<never>(() => {});

/** Makes a queue with a backlog that counts the calls of `checkDrain`. */
function setUp(): { queue: SendQueue; backlog: { queued: number; checks: number } } {
  const backlog = {
    queued: 0,
    checks: 0,
    checkDrain() {
      this.checks++;
    },
  };
  return { queue: new SendQueue(backlog), backlog };
}

describe('the queue of sends', () => {
  it('runs the first send within the call, and the others after it, in order', async () => {
    const { queue } = setUp();
    const done: string[] = [];
    const sends = ['a', 'b', 'c'].map((name) =>
      queue.run(async () => {
        done.push(`begin ${name}`);
        await Promise.resolve();
        done.push(`end ${name}`);
      }, 0),
    );
    expect(done).toEqual(['begin a']);
    expect(queue.isBusy).toBe(true);
    await Promise.all(sends);
    expect(done).toEqual(['a', 'b', 'c'].flatMap((name) => [`begin ${name}`, `end ${name}`]));
    await Promise.resolve();
    expect(queue.isBusy).toBe(false);
  });

  it('goes on after a send that throws or rejects', async () => {
    const { queue, backlog } = setUp();
    const thrown = queue.run(() => {
      throw REASON;
    }, 3);
    const rejected = queue.run(() => Promise.reject(REASON), 4);
    const last = queue.run((turn) => turn.begin(), 5);
    expect(backlog.queued).toBe(9);
    await expect(thrown).rejects.toBe(REASON);
    await expect(rejected).rejects.toBe(REASON);
    await last;
    expect(backlog).toMatchObject({ queued: 0, checks: 3 });
  });

  it('counts a send as waiting until it begins, and no longer once it is aborted', async () => {
    const { queue, backlog } = setUp();
    const controller = new AbortController();
    let first: Turn | undefined;
    void queue.run((turn) => {
      first = turn;
      return never;
    }, 10);
    const aborted = queue.run(() => {}, 100, controller.signal);
    expect(backlog.queued).toBe(110);
    controller.abort(REASON);
    expect(backlog).toMatchObject({ queued: 10, checks: 1 });
    first?.begin();
    expect(backlog.queued).toBe(0);
    await expect(aborted).rejects.toBe(REASON);
  });

  it('never runs a send that was aborted before its turn, and removes its listener from the signal', async () => {
    const { queue } = setUp();
    const controller = new AbortController();
    const done: string[] = [];
    const sends = Promise.allSettled([
      queue.run(() => Promise.resolve(), 0, controller.signal),
      queue.run(() => void done.push('aborted'), 0, controller.signal),
      queue.run(() => void done.push('last'), 0),
    ]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort(REASON);
    const [first, aborted] = await sends;
    expect([first, aborted]).toEqual([
      { status: 'rejected', reason: REASON },
      { status: 'rejected', reason: REASON },
    ]);
    expect(done).toEqual(['last']);
    const unused = new AbortController().signal;
    await queue.run(() => {}, 0, unused);
    expect(getEventListeners(unused, 'abort')).toEqual([]);
  });

  it('rejects what an aborted send waits for, or begins to wait for afterwards', async () => {
    const told: unknown[] = [];
    for (const isLate of [false, true]) {
      const { queue } = setUp();
      const controller = new AbortController();
      const sent = queue.run(
        async (turn) => {
          if (isLate) await Promise.resolve();
          await turn.wait(never).catch((error: unknown) => told.push(error));
          told.push(turn.isOver, turn.hasBegun);
          expect(() => turn.begin()).toThrow(REASON);
        },
        0,
        controller.signal,
      );
      controller.abort(REASON);
      await expect(sent).rejects.toBe(REASON);
      await queue.run(() => {}, 0);
    }
    expect(told).toEqual([REASON, true, false, REASON, true, false]);
  });

  it('rejects all sends that have not settled when it ends, each with an error of its own', async () => {
    const { queue, backlog } = setUp();
    const sends = [1, 2, 3].map((size) => queue.run((turn) => turn.wait(never), size));
    queue.end(() => new Error('over'));
    expect(backlog.queued).toBe(0);
    const errors = (await Promise.allSettled(sends)).map(
      (outcome) => (outcome as PromiseRejectedResult).reason,
    );
    expect(errors.map((error) => error.message)).toEqual(['over', 'over', 'over']);
    expect(new Set(errors).size).toBe(3);
  });
});

describe('a wait for room', () => {
  it('ends when there is room, and removes its listener from the signal', async () => {
    const waiters = new DrainWaiters();
    const { signal } = new AbortController();
    const waits = [waiters.wait(), waiters.wait(signal)];
    waiters.drained();
    await Promise.all(waits);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is rejected by its signal, aborted before or meanwhile, and others wait on', async () => {
    const waiters = new DrainWaiters();
    await expect(waiters.wait(AbortSignal.abort(REASON))).rejects.toBe(REASON);
    const controller = new AbortController();
    const [aborted, other] = [waiters.wait(controller.signal), waiters.wait()];
    controller.abort(REASON);
    await expect(aborted).rejects.toBe(REASON);
    waiters.drained();
    await other;
  });

  it('is rejected when the connection ends', async () => {
    const waiters = new DrainWaiters();
    const { signal } = new AbortController();
    const waits = [waiters.wait(), waiters.wait(signal)];
    waiters.end(() => REASON);
    for (const wait of waits) await expect(wait).rejects.toBe(REASON);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
