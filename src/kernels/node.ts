/**
 * The kernels for Node.js. For each size and each kind of memory they use the fastest way: plain JavaScript,
 * WebAssembly, or Node.js itself.
 */
import { isUtf8 } from 'node:buffer';
import { preventTrimming } from './heap-trimming.ts';
import type { Kernels } from './kernels.ts';
import { maskScalar, rotateKey } from './scalar.ts';
import { createWasmKernel, type Region, type WasmKernel } from './wasm.ts';

/** Bytes of kernel memory for each thread. Pages that were never touched take no memory. */
const MEMORY_SIZE = 8 * 1024 * 1024;
/** Bytes of kernel memory kept for what a thread has once: receive buffers, and memory for system calls. */
const RESERVED_SIZE = 2 * 1024 * 1024;
/** The fewest bytes in kernel memory that WebAssembly masks faster than JavaScript (bench/micro/mask.mjs). */
const MIN_SIMD = 32;
/** The fewest bytes elsewhere that are masked faster if they are copied into kernel memory and back (bench/micro/mask.mjs). */
const MIN_DETOUR = 256;
const DETOUR_SIZE = 64 * 1024;

/** Kernels over a {@link WasmKernel}, or without one in JavaScript. */
export class NodeKernels implements Kernels {
  readonly wasm: WasmKernel | undefined;
  readonly #buffer: ArrayBufferLike | undefined;
  readonly #detour: Region | undefined;
  /** The array in kernel memory that was masked last: the getter of its buffer takes as long as masking. */
  #known: Uint8Array | undefined;
  /** Where that array begins. */
  #knownOffset = 0;

  constructor(wasm: WasmKernel | undefined) {
    this.wasm = wasm;
    this.#buffer = wasm?.buffer;
    this.#detour = wasm?.allocate(DETOUR_SIZE);
  }

  mask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void {
    const length = end - start;
    if (this.wasm === undefined || length < MIN_SIMD) {
      maskScalar(bytes, start, end, key, phase);
    } else if (bytes === this.#known || this.#isKernelMemory(bytes)) {
      this.wasm.maskAt(this.#knownOffset + start, length, rotateKey(key, phase));
    } else if (length < MIN_DETOUR) {
      maskScalar(bytes, start, end, key, phase);
    } else {
      this.#maskByDetour(this.wasm, bytes, start, end, rotateKey(key, phase));
    }
  }

  isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
    return isUtf8(bytes.subarray(start, end));
  }

  utf8Length(text: string): number {
    return Buffer.byteLength(text);
  }

  createBytes(size: number): Uint8Array<ArrayBuffer> {
    preventTrimming(size);
    // Not cleared first: for a long message that takes as long as copying it (bench/micro/copy.mjs).
    return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  }

  writeUtf8(text: string, bytes: Uint8Array, offset: number): number {
    return asBuffer(bytes).write(text, offset);
  }

  /** Gives out kernel memory, for what a thread has once; ordinary memory if there is none left. */
  allocate(size: number): Region {
    return this.wasm?.allocate(size) ?? Buffer.allocUnsafeSlow(size);
  }

  /** Gives out kernel memory, for what a thread may have many of; ordinary memory if only the reserve is left. */
  allocateSpare(size: number): Region {
    const hasSpare = this.wasm !== undefined && this.wasm.left >= size + RESERVED_SIZE;
    return hasSpare ? this.allocate(size) : Buffer.allocUnsafeSlow(size);
  }

  #isKernelMemory(bytes: Uint8Array): boolean {
    if (bytes.buffer !== this.#buffer) return false;
    this.#known = bytes;
    this.#knownOffset = bytes.byteOffset;
    return true;
  }

  #maskByDetour(
    wasm: WasmKernel,
    bytes: Uint8Array,
    start: number,
    end: number,
    key: number,
  ): void {
    const detour = this.#detour as Region;
    // DETOUR_SIZE is a multiple of four, so each piece begins with the same octet of the key.
    for (let from = start; from < end; from += DETOUR_SIZE) {
      const piece = bytes.subarray(from, Math.min(from + DETOUR_SIZE, end));
      detour.set(piece);
      wasm.maskAt(detour.byteOffset, piece.length, key);
      piece.set(detour.subarray(0, piece.length));
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

let shared: NodeKernels | undefined;

/** Returns this thread's kernels, made at the first call. */
export function nodeKernels(): NodeKernels {
  shared ??= new NodeKernels(createWasmKernel(MEMORY_SIZE));
  return shared;
}
