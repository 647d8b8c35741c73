import { describe, expect, it } from 'vitest';
import { NodeKernels } from '../../src/kernels/node.ts';
import { SendArena, SocketOutput } from '../../src/transport/send-arena.ts';
import type { DrivenSocket } from '../../src/transport/socket.ts';

type Written = (error?: Error | null) => void;

/** A socket that takes writes at once, or keeps them until `take`. */
class FakeSocket implements DrivenSocket {
  writableLength = 0;
  readonly bytesRead = 0;
  readonly bytesWritten = 0;
  readonly writes: { bytes: Uint8Array; written: Written | undefined }[] = [];
  takesAtOnce = true;
  #waiting: Written[] = [];

  write(bytes: Uint8Array, written?: Written): void {
    this.writes.push({ bytes, written });
    if (!this.takesAtOnce) this.writableLength += bytes.length;
    if (written !== undefined) this.#waiting.push(written);
  }

  /** Takes all writes that wait, and calls their callbacks. */
  take(): void {
    this.writableLength = 0;
    for (const written of this.#waiting.splice(0)) written();
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  ref(): void {}
  unref(): void {}
  end(): void {}
  destroy(): void {}
}

function connect(arena = new SendArena(new NodeKernels(undefined))) {
  const socket = new FakeSocket();
  let told = 0;
  const flusher = {
    flush: () => send(),
    handleWritten() {
      told++;
      output.written();
    },
  };
  const output = new SocketOutput(flusher, arena);
  const send = () => output.writeTo(socket);
  return {
    socket,
    send,
    told: () => told,
    /** Appends `size` bytes; returns their memory and where they begin in it. */
    append(size: number, fill = 0) {
      output.reserve(size);
      const { bytes, position } = output;
      bytes.fill(fill, position, position + size);
      output.position += size;
      return { memory: bytes.buffer, position };
    },
  };
}

describe('a batch', () => {
  it('is written without a callback if the last one left at once', () => {
    const { socket, send, append } = connect();
    for (let i = 0; i < 3; i++) {
      append(10);
      send();
      socket.take();
    }
    expect(socket.writes.map(({ written }) => written !== undefined)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('uses the memory of the batch before, once that has left', () => {
    const { socket, send, append } = connect();
    const first = append(10);
    send();
    socket.take();
    expect(append(10)).toEqual(first);
  });

  it.each(['first', 'later'])(
    'that does not leave at once keeps its memory until it has left: the %s one',
    (which) => {
      const { socket, send, append, told } = connect();
      if (which === 'later') {
        append(10);
        send();
        socket.take();
      }
      const before = told();
      socket.takesAtOnce = false;
      const batch = append(200_000, 7);
      send();
      const written = socket.writes.find(({ bytes }) => bytes.length === 200_000)?.bytes;
      const next = append(200_000, 8);
      expect(next.memory).not.toBe(batch.memory);
      expect(written?.every((byte) => byte === 7)).toBe(true);
      expect(told()).toBe(before);
      socket.take();
      expect(told()).toBe(before + 1);
    },
  );

  it('is written with a callback after one that did not leave at once, until one does', () => {
    const { socket, send, append } = connect();
    const asks: boolean[] = [];
    for (const takesAtOnce of [true, true, false, true, true]) {
      socket.takesAtOnce = takesAtOnce;
      append(10);
      send();
      asks.push(socket.writes.at(-1)?.written !== undefined);
      socket.take();
    }
    // The empty write behind the third batch has the callback.
    expect(asks).toEqual([false, false, true, true, false]);
    expect(socket.writes.map(({ bytes }) => bytes.length)).toEqual([10, 10, 10, 0, 10, 10]);
  });

  it('that waits behind others is copied out of the slab, so that a slow peer does not pin it', () => {
    const arena = new SendArena(new NodeKernels(undefined));
    const slow = connect(arena);
    slow.socket.takesAtOnce = false;
    slow.append(100_000);
    slow.send();
    slow.append(10, 5);
    slow.send();
    const copy = slow.socket.writes.at(-1)?.bytes;
    expect(copy?.buffer.byteLength).toBe(10);
    expect(copy?.every((byte) => byte === 5)).toBe(true);
  });

  it('of one connection stays in order when other connections append in between', () => {
    const arena = new SendArena(new NodeKernels(undefined));
    const one = connect(arena);
    const other = connect(arena);
    one.append(10, 1);
    other.append(10, 2);
    one.append(10, 3);
    one.send();
    other.send();
    const sent = ({ socket }: ReturnType<typeof connect>) =>
      socket.writes.flatMap(({ bytes }) => [...bytes]);
    expect(sent(one)).toEqual([...Array(10).fill(1), ...Array(10).fill(3)]);
    expect(sent(other)).toEqual(Array(10).fill(2));
  });
});
