import { afterEach, describe, expect, it } from 'vitest';
import { BusyPoll } from '../../src/connection/busy-poll.ts';
import { PollGate } from '../../src/transport/poll-gate.ts';

const begun: BusyPoll[] = [];
afterEach(async () => {
  for (const poll of begun.splice(0)) poll.end();
  // The last turn of each finds out that nothing is awaited.
  await new Promise((resolve) => setTimeout(resolve, 1));
});

function forced(microseconds: number): BusyPoll {
  const poll = new BusyPoll(new PollGate(microseconds, true));
  begun.push(poll);
  return poll;
}

/** Counts the turns of the event loop within a time: one that does not sleep makes many. */
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
  it('keeps the event loop turning while a reply is awaited, and no longer than it may', async () => {
    const poll = forced(20_000);
    poll.begin();
    expect(await turnsWhile(poll, 60)).toBeGreaterThan(10);
    expect(await turnsWhile(poll, 20)).toBe(0);
  });

  it('ends when something has come', async () => {
    const poll = forced(1_000_000);
    poll.begin();
    poll.begin();
    poll.end();
    poll.end();
    expect(await turnsWhile(poll, 20)).toBeLessThanOrEqual(1);
  });

  // It goes by real times, which mean nothing while other processes take the processor away.
  it('is tried where replies take far longer, and then left off', { retry: 3 }, async () => {
    const poll = new BusyPoll(new PollGate(100));
    const busy: boolean[] = [];
    for (let i = 0; i < 300; i++) {
      poll.begin();
      busy.push((await turnsWhile(poll, 1)) > 0);
      poll.end();
    }
    expect(busy.slice(0, 112)).not.toContain(true);
    expect(busy.slice(112, 224)).toContain(true);
    expect(busy.slice(224)).not.toContain(true);
  });

  it('is done for a few connections of a thread at a time', async () => {
    const polls = Array.from({ length: 6 }, () => forced(1_000_000));
    for (const poll of polls) poll.begin();
    const turns = await Promise.all(polls.map((poll) => turnsWhile(poll, 10)));
    expect(turns.map((each) => each > 0)).toEqual([true, true, true, true, false, false]);
  });
});
