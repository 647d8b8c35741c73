import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { SharedRings } from '../../../src/blocking/worker/shared-ring.ts';
import { SocketRelay } from '../../../src/blocking/worker/socket-relay.ts';

/** A relay over a stream, and the losses that it has reported. */
function relayed() {
  const stream = new PassThrough();
  const rings = new SharedRings();
  const losses: Error[] = [];
  const relay = new SocketRelay(stream as unknown as Socket, rings, (error) => losses.push(error));
  return { stream, rings, losses, relay };
}

describe('the end of a relayed connection', () => {
  it('is a loss where an error came, though an end follows it', () => {
    const { stream, rings, losses } = relayed();
    const error = new Error('a certificate is required');
    stream.emit('error', error);
    stream.emit('end');
    stream.emit('close');
    expect(losses).toEqual([error]);
    expect(rings.isLost).toBe(true);
  });

  it('is no loss where the peer ended its side first', () => {
    const { stream, rings, losses } = relayed();
    stream.emit('end');
    stream.emit('close');
    expect(losses).toEqual([]);
    expect(rings.hasEnded).toBe(true);
    expect(rings.isLost).toBe(false);
  });

  it('is told after what was read before it', () => {
    const { stream, rings, relay } = relayed();
    stream.emit('data', new Uint8Array(100_000));
    stream.emit('error', new Error('reset'));
    expect(rings.hasEnded).toBe(false);
    let received = 0;
    while (rings.inbound.length > 0) {
      received += rings.inbound.length;
      rings.inbound.drop(rings.inbound.length);
      relay.wake();
    }
    expect(received).toBe(100_000);
    expect(rings.isLost).toBe(true);
  });
});
