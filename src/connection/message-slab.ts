/**
 * Copies of what was received, for whoever keeps it. Short ones are cut from slabs: an `ArrayBuffer` of its
 * own takes a message of 512 B longer than all else that is done for it (bench: pipelined).
 */
import { preventTrimming } from '../kernels/heap-trimming.ts';

/** Bytes of a slab: what a message that is kept pins at most. */
const SLAB_SIZE = 16 * 1024;
/** Bytes up to which a message is cut from a slab. */
const MOST_POOLED = 4 * 1024;
/** Where a message may begin: some typed arrays want to. */
const ALIGNMENT = 8;

let slab: ArrayBuffer | undefined;
let slabBytes: Uint8Array = new Uint8Array(0);
let position = 0;

/** Copies `bytes[start, end)` into memory of its own. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  preventTrimming(end - start);
  // The fastest way (bench/micro/copy.mjs), but a Buffer's own `slice` does not copy.
  if (bytes.constructor === Uint8Array) return bytes.slice(start, end);
  return new Uint8Array(bytes.subarray(start, end));
}

/** Copies `bytes[start, end)` into memory that is used for nothing else, in a slab if it is short. */
export function copyPooled(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > MOST_POOLED) return copyBytes(bytes, start, end);
  if (slab === undefined || SLAB_SIZE - position < length) {
    slab = new ArrayBuffer(SLAB_SIZE);
    slabBytes = new Uint8Array(slab);
    position = 0;
  }
  const copy = new Uint8Array(slab, position, length);
  slabBytes.set(bytes.subarray(start, end), position);
  position += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  return copy;
}
