/**
 * The buffer that every connection of a thread is read into: idle connections own none. It lies in
 * the kernel's memory, where a server's payloads are unmasked fastest.
 */
import { nodeKernels } from '../kernels/node.ts';
import type { Region } from '../kernels/wasm.ts';

/** Bytes taken from a socket at once, at most. */
const RECEIVE_BUFFER_SIZE = 256 * 1024;

let shared: Region | undefined;

/** Returns this thread's receive buffer. Its bytes are valid until the next read of any connection. */
export function receiveBuffer(): Region {
  shared ??= nodeKernels().allocate(RECEIVE_BUFFER_SIZE);
  return shared;
}
