/**
 * Reading and writing a file descriptor without an event loop: what each way to do it offers.
 */
import { constants } from 'node:os';
import type { Region } from '../../kernels/wasm.ts';

/** The result of a call that would have to wait, or that a signal has interrupted. */
export const WOULD_BLOCK = -1;

/** Bytes read at once, at most. */
export const RECEIVE_SIZE: number = 256 * 1024;

/**
 * Longest sleep of a thread that can be told to end, in ms: it hears of that between two sleeps only.
 */
export const LONGEST_SLEEP = 100;

/** Calls on one socket. Calls do not overlap, so the connections of a thread share the memory. */
export interface SystemCalls {
  /** Where what was read lies, until the next call on any connection. */
  readonly received: Uint8Array;
  /**
   * Whether something may have been read that was not delivered: who delivers it says when that is done. Where it
   * is true between two calls, one was ended from outside in its midst.
   */
  isUndelivered: boolean;
  /**
   * Reads what is there: how many bytes, 0 at the end, or WOULD_BLOCK.
   *
   * @throws the system's error
   */
  read(): number;
  /**
   * Sleeps until there is something to read, for `left` ms at most (infinity is no limit), and reads it.
   * May wake early, and return WOULD_BLOCK: who waits calls again.
   */
  readWithin(left: number): number;
  /** Writes what the system takes of the bytes from `start` on: how many, or WOULD_BLOCK. */
  write(bytes: Uint8Array, start: number): number;
  /** Sleeps until something can be written, for `left` ms at most; may wake early. */
  waitWritable(left: number): void;
  /** Leaves the descriptor as an event loop needs it: reading from it does not block. */
  release(): void;
}

/** Returns a plain view of memory: slices of it are copies, which a Buffer's are not, and cheaper ones. */
export function plainView({ buffer, byteOffset, length }: Region): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** Makes the error of a failed call, as sockets of Node.js have it. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  const number = (constants.errno as Readonly<Record<string, number>>)[code];
  return Object.assign(new Error(`${syscall} ${code}`), {
    ...(number === undefined ? {} : { errno: -number }),
    code,
    syscall,
  });
}
