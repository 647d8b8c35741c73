/**
 * Copies of received bytes, for programs that keep them. Short copies share slabs: making an `ArrayBuffer` for a
 * message of 512 B takes longer than everything else that is done for it (bench: pipelined, of the async client).
 */
import { preventTrimming } from '../kernels/heap-trimming.ts';

/** Bytes of a slab. A short message that is kept keeps all of its slab. */
const SLAB_SIZE = 16 * 1024;
/** The longest message that is copied into a slab, in bytes. */
const MAX_POOLED = 4 * 1024;
/** Messages begin at multiples of this, so that any typed array can be made over them. */
const ALIGNMENT = 8;

let slab: ArrayBuffer | undefined;
let slabBytes: Uint8Array = new Uint8Array(0);
let position = 0;

/** Copies `bytes[start, end)` into an `ArrayBuffer` of its own. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  preventTrimming(end - start);
  // `slice` is the fastest way (bench/micro/copy.mjs), but that of a Buffer does not copy.
  if (bytes.constructor === Uint8Array) return bytes.slice(start, end);
  return new Uint8Array(bytes.subarray(start, end));
}

/** Copies `bytes[start, end)`, into a slab if they are few. */
export function copyPooled(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > MAX_POOLED) return copyBytes(bytes, start, end);
  if (slab === undefined || SLAB_SIZE - position < length) {
    slab = new ArrayBuffer(SLAB_SIZE);
    // A program that transfers one message to a worker would take the others with it.
    process.getBuiltinModule('node:worker_threads').markAsUntransferable(slab);
    slabBytes = new Uint8Array(slab);
    position = 0;
  }
  const copy = new Uint8Array(slab, position, length);
  slabBytes.set(bytes.subarray(start, end), position);
  position += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  return copy;
}
