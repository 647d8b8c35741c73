import { describe, expect, it } from 'vitest';
import { BusyPoll } from '../../src/connection/busy-poll.ts';

/** Counts the turns of the event loop within a time. A loop that does not sleep makes many. */
async function turnsWhile(poll: BusyPoll, milliseconds: number): Promise<number> {
  let turns = 0;
  const { turn } = poll;
  poll.turn = (): void => {
    turns++;
    turn.call(poll);
  };
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return turns;
}

describe('polling', () => {
  it('keeps the event loop turning while a message is awaited, up to its limit', async () => {
    const poll = new BusyPoll(20_000);
    poll.begin();
    expect(await turnsWhile(poll, 60)).toBeGreaterThan(10);
    expect(await turnsWhile(poll, 20)).toBe(0);
  });

  it('ends when a message has come', async () => {
    const poll = new BusyPoll(1_000_000);
    poll.begin();
    poll.begin();
    poll.end();
    poll.end();
    expect(await turnsWhile(poll, 20)).toBeLessThanOrEqual(1);
  });

  it('is off while answers take longer than its limit, and tries now and then', async () => {
    const poll = new BusyPoll(100);
    const busy: boolean[] = [];
    for (let i = 0; i < 160; i++) {
      poll.begin();
      busy.push((await turnsWhile(poll, 1)) > 0);
      poll.end();
    }
    const tries = busy.slice(40).filter((isBusy) => isBusy).length;
    expect(tries).toBeGreaterThan(0);
    expect(tries).toBeLessThan(20);
  });
});
