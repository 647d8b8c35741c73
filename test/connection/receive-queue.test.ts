import { describe, expect, it } from 'vitest';
import { ReceiveQueue } from '../../src/connection/receive-queue.ts';

const MIB = 1024 * 1024;

describe('the messages kept for recv', () => {
  it('are full above 64 MiB, until some are taken', () => {
    const kept = new ReceiveQueue(MIB);
    const message = new Uint8Array(MIB);
    for (let i = 0; i < 63; i++) kept.push(message);
    expect(kept.isFull).toBe(false);
    kept.push('x'.repeat(MIB));
    expect(kept.isFull).toBe(true);
    expect(kept.shift()).toBe(message);
    expect(kept.isFull).toBe(false);
    expect(kept.length).toBe(63);
    while (kept.shift() !== undefined) {
      // All are taken.
    }
    for (let i = 0; i < 63; i++) kept.push(message);
    expect(kept.isFull).toBe(false);
  });

  it('may take more than 64 MiB if one message may be longer', () => {
    const kept = new ReceiveQueue(100 * MIB);
    const message = new Uint8Array(MIB);
    for (let i = 0; i < 99; i++) kept.push(message);
    expect(kept.isFull).toBe(false);
    kept.push(message);
    expect(kept.isFull).toBe(true);
  });

  it('count even if they are empty', () => {
    const kept = new ReceiveQueue(0);
    for (let i = 0; i < 64 * MIB; i += 256) kept.push('');
    expect(kept.isFull).toBe(false);
    kept.push('');
    expect(kept.isFull).toBe(true);
  });

  it('drop a message that they have no room for and all that follow, and say how many', () => {
    const kept = new ReceiveQueue(0);
    kept.push('x'.repeat(64 * MIB - 256));
    expect(kept.dropIfFull(1000)).toBe(false);
    kept.push('last');
    expect(kept.loss).toBeUndefined();
    expect(kept.dropIfFull(1000)).toBe(true);
    kept.shift();
    expect(kept.isFull).toBe(false);
    expect(kept.dropIfFull(1)).toBe(true);
    expect(kept.loss).toMatchObject({
      code: 'WS_MESSAGES_DROPPED',
      message: expect.stringContaining('2 messages of 1001 bytes'),
    });
  });
});
