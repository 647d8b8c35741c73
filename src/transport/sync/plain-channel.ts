/**
 * A channel over a socket's file descriptor.
 */
import type { Region } from '../../kernels/wasm.ts';
import { now } from '../clock.ts';
import { allocateCallMemory } from './call-memory.ts';
import type { Channel, ChannelReader, ReceiveResult } from './channel.ts';
import { WasiCalls, WOULD_BLOCK } from './wasi-calls.ts';

/** Bytes read at once, at most. */
const RECEIVE_SIZE = 256 * 1024;
/** Bytes from elsewhere that are put into kernel memory at once, to be written from there. */
const STAGING_SIZE = 64 * 1024;
/** Longest wait for the peer to take bytes before looking again what it has sent, in ms. */
const LONGEST_WRITE_WAIT = 50;

/** A thread's memory for system calls: calls do not overlap, so all its connections share it. */
interface Memory {
  readonly received: Region;
  readonly staging: Region;
}

let shared: Memory | undefined;

function sharedMemory(): Memory {
  shared ??= {
    received: allocateCallMemory(RECEIVE_SIZE),
    staging: allocateCallMemory(STAGING_SIZE),
  };
  return shared;
}

/** A plain TCP connection under blocking calls. */
export class PlainChannel implements Channel {
  readonly #calls: WasiCalls;
  readonly #memory: Memory = sharedMemory();
  readonly #reader: ChannelReader;
  #hasEnded = false;

  /** @throws if there is no way to make system calls on the descriptor */
  constructor(fd: number, reader: ChannelReader) {
    this.#calls = new WasiCalls(fd);
    this.#reader = reader;
  }

  send(bytes: Uint8Array, deadline: number): boolean {
    if (bytes.buffer === this.#memory.staging.buffer) return this.#write(bytes, deadline);
    const { staging } = this.#memory;
    for (let from = 0; from < bytes.length; from += STAGING_SIZE) {
      const piece = bytes.subarray(from, from + STAGING_SIZE);
      staging.set(piece);
      if (!this.#write(staging.subarray(0, piece.length), deadline)) return false;
    }
    return true;
  }

  receive(deadline: number, spin: number): ReceiveResult {
    if (this.#hasEnded) return 'end';
    let length = spin > 0 ? this.#spin(Math.min(deadline, now() + spin / 1000)) : WOULD_BLOCK;
    if (length === WOULD_BLOCK) length = this.#wait(deadline);
    if (length === WOULD_BLOCK) return 'timeout';
    return this.#take(length);
  }

  /** TCP's sending side is ended by the worker, when the socket is given back to it. */
  end(): void {}

  /** Reads what is there, without waiting; tells whether that was anything. */
  #receiveAvailable(): boolean {
    if (this.#hasEnded) return false;
    const length = this.#read(false);
    if (length === WOULD_BLOCK) return false;
    this.#take(length);
    return true;
  }

  #take(length: number): ReceiveResult {
    if (length === 0) {
      this.#hasEnded = true;
      return 'end';
    }
    this.#reader(this.#memory.received, 0, length);
    return 'bytes';
  }

  #read(mayBlock: boolean): number {
    return this.#calls.read(this.#memory.received.byteOffset, RECEIVE_SIZE, mayBlock);
  }

  #spin(until: number): number {
    for (;;) {
      const length = this.#read(false);
      if (length !== WOULD_BLOCK || now() >= until) return length;
    }
  }

  #wait(deadline: number): number {
    // A blocking read costs a third of a poll and a read, but knows no deadline.
    if (deadline === Number.POSITIVE_INFINITY) return this.#read(true);
    for (;;) {
      const length = this.#read(false);
      if (length !== WOULD_BLOCK) return length;
      const left = deadline - now();
      if (left <= 0) return WOULD_BLOCK;
      this.#calls.waitReadable(left);
    }
  }

  #write(bytes: Uint8Array, deadline: number): boolean {
    let pointer = bytes.byteOffset;
    const end = pointer + bytes.length;
    let pause = 1;
    while (pointer < end) {
      const written = this.#calls.write(pointer, end - pointer);
      if (written !== WOULD_BLOCK) {
        pointer += written;
        pause = 1;
      } else {
        const left = deadline - now();
        if (left <= 0) return false;
        if (this.#receiveAvailable()) {
          pause = 1;
        } else {
          this.#calls.waitWritable(Math.min(pause, left));
          pause = Math.min(2 * pause, LONGEST_WRITE_WAIT);
        }
      }
    }
    return true;
  }
}
