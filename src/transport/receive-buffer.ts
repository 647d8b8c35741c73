/**
 * The buffer that all connections of a thread are read into, so that idle connections own none. It lies in the memory
 * of the WebAssembly kernel, where a server's payloads are unmasked fastest (bench/micro/mask.mjs).
 */
import { nodeKernels } from '../kernels/node.ts';

/** The most bytes of one read. */
const RECEIVE_BUFFER_SIZE = 256 * 1024;

let shared: Uint8Array | undefined;
/** The buffer of `shared`, kept here since the getter takes as long as making a view. */
let sharedMemory: ArrayBufferLike | undefined;
let sharedOffset = 0;

/** Returns this thread's receive buffer. The next read of any connection overwrites it. */
export function receiveBuffer(): Uint8Array {
  if (shared === undefined) {
    const { buffer, byteOffset, length } = nodeKernels().allocate(RECEIVE_BUFFER_SIZE);
    // Not a Buffer: views and copies of a plain array take a third less time (bench/micro/copy.mjs).
    shared = new Uint8Array(buffer, byteOffset, length);
    sharedMemory = buffer;
    sharedOffset = byteOffset;
  }
  return shared;
}

/** Makes a view of `bytes[start, end)`. It is a plain `Uint8Array`, also over a Buffer. */
export function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (bytes === shared && sharedMemory !== undefined) {
    return new Uint8Array(sharedMemory, sharedOffset + start, end - start);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}
