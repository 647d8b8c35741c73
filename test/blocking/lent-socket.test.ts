import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { PlainChannel } from '../../src/blocking/channels/plain.ts';
import { LentSocket } from '../../src/blocking/lent-socket.ts';

/** A stand-in over a channel that takes as many bytes as the test allows. */
function lend() {
  const channel = {
    room: 0,
    send(bytes: Uint8Array): number {
      const sent = Math.min(bytes.length, channel.room);
      channel.room -= sent;
      return sent;
    },
  };
  const socket = new LentSocket({} as Socket, channel as unknown as PlainChannel, 0);
  const told: string[] = [];
  const write = (name: string, size: number) =>
    socket.write(new Uint8Array(size), () => told.push(name));
  return { channel, socket, told, write };
}

describe('what is written to the stand-in of a lent socket', () => {
  it('has its callback called when it has left, in order, even if it is empty', () => {
    const { channel, socket, told, write } = lend();
    channel.room = 4;
    write('cut', 10);
    write('empty', 0);
    write('last', 5);
    socket.settle();
    expect(told).toEqual([]);
    expect(socket.writableLength).toBe(11);
    channel.room = 8;
    socket.sendQueued(() => 0);
    socket.settle();
    expect(told).toEqual(['cut', 'empty']);
    channel.room = 3;
    socket.sendQueued(() => 0);
    socket.settle();
    expect(told).toEqual(['cut', 'empty', 'last']);
    expect(socket.writableLength).toBe(0);
  });

  it('has its callback called although another callback throws', () => {
    const { channel, socket, told, write } = lend();
    channel.room = 2;
    write('first', 1);
    socket.write(new Uint8Array(1), () => {
      throw new Error('no room for it');
    });
    channel.room = 1;
    write('last', 1);
    expect(() => socket.settle()).toThrow('no room for it');
    socket.settle();
    expect(told).toEqual(['first', 'last']);
  });
});
