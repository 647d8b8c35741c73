/**
 * How a file descriptor is read and written without an event loop.
 */
import { constants } from 'node:os';
import type { Region } from '../../kernels/wasm.ts';

/** The result of a call that would have to wait, or that a signal interrupted. */
export const WOULD_BLOCK = -1;

/** Bytes that one read brings at most. */
export const RECEIVE_SIZE: number = 256 * 1024;

/** Calls on one socket. They do not overlap, so the connections of a thread share the memory. */
export interface SystemCalls {
  /** The bytes read, until the next call on any connection. */
  readonly received: Uint8Array;
  /**
   * Whether bytes may have been read that were not delivered. A read sets it, and the channel clears it
   * once it has delivered them. If it is true between two calls, the first of them was cut off.
   */
  isUndelivered: boolean;
  /**
   * Reads what is there. Returns the number of bytes, 0 at the end of the stream, or WOULD_BLOCK.
   *
   * @throws the system's error
   */
  read(): number;
  /**
   * Sleeps until there is something to read, for `left` ms at most (infinity is no limit), and reads it.
   * It may wake early and return WOULD_BLOCK, so that the caller has to call again.
   */
  readWithin(left: number): number;
  /** Writes the bytes from `start` on. Returns how many of them the system took, or WOULD_BLOCK. */
  write(bytes: Uint8Array, start: number): number;
  /** Sleeps until something can be written, for `left` ms at most. It may wake early. */
  waitWritable(left: number): void;
  /** Puts the descriptor into the mode that an event loop needs, in which reading does not block. */
  release(): void;
}

/** Returns a region as a Uint8Array that is no Buffer: `slice` of a Buffer does not copy. */
export function plainView({ buffer, byteOffset, length }: Region): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** Makes the error of a failed call, with the properties that errors of Node.js sockets have. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  const number = (constants.errno as Readonly<Record<string, number>>)[code];
  return Object.assign(new Error(`${syscall} ${code}`), {
    ...(number === undefined ? {} : { errno: -number }),
    code,
    syscall,
  });
}
