import { describe, expect, it } from 'vitest';
import type { BusyPoll } from '../../src/connection/busy-poll.ts';
import { MessageIterator, type MessageSource, Receiver } from '../../src/connection/receiver.ts';

/** Makes a receiver without messages, and records when it has its polling begin and end. */
function setUp(): { receiver: Receiver; told: string[] } {
  const told: string[] = [];
  const poll = { begin: () => told.push('begin'), cancel: () => told.push('cancel') };
  const source: MessageSource = {
    poll: poll as unknown as BusyPoll,
    endsNormally: false,
    takeMessage: () => undefined,
    refusal: () => undefined,
  };
  return { receiver: new Receiver(source, 0), told };
}

describe('the receiver', () => {
  it('has the connection polled while somebody waits, and no longer', async () => {
    const { receiver, told } = setUp();
    const received = receiver.receive(0, undefined);
    expect(told).toEqual(['begin']);
    expect(receiver.deliver('a')).toBe(true);
    expect(told).toEqual(['begin', 'cancel']);
    expect(await received).toBe('a');
    expect(receiver.deliver('nobody waits')).toBe(false);
  });

  it('has it polled anew for each call of an iterator that still waits', async () => {
    const { receiver, told } = setUp();
    const iterator = new MessageIterator(receiver);
    const calls = [iterator.next(), iterator.next()];
    told.length = 0;
    receiver.deliver('a');
    expect(told).toEqual(['begin']);
    await iterator.return();
    expect(told).toEqual(['begin', 'cancel']);
    expect(await Promise.all(calls)).toEqual([
      { done: false, value: 'a' },
      { done: true, value: undefined },
    ]);
  });
});
