/**
 * The buffer that every connection of a thread is read into: idle connections own none. It lies in
 * the kernel's memory, where a server's payloads are unmasked fastest.
 */
import { nodeKernels } from '../kernels/node.ts';

/** Bytes taken from a socket at once, at most. */
const RECEIVE_BUFFER_SIZE = 256 * 1024;

let shared: Uint8Array | undefined;
/** Its memory: asking an array for it costs as much as making a view. */
let sharedMemory: ArrayBufferLike | undefined;
let sharedOffset = 0;

/** Returns this thread's receive buffer. Its bytes are valid until the next read of any connection. */
export function receiveBuffer(): Uint8Array {
  if (shared === undefined) {
    const { buffer, byteOffset, length } = nodeKernels().allocate(RECEIVE_BUFFER_SIZE);
    // Plain, not a Buffer: views and copies of it cost a third less (bench/micro/copy.mjs).
    shared = new Uint8Array(buffer, byteOffset, length);
    sharedMemory = buffer;
    sharedOffset = byteOffset;
  }
  return shared;
}

/** Makes a view; a plain `Uint8Array` whatever kind of buffer lies under it. */
export function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (bytes === shared && sharedMemory !== undefined) {
    return new Uint8Array(sharedMemory, sharedOffset + start, end - start);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}
