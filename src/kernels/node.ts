/**
 * The kernels for Node.js: each job goes to whoever is fastest for its size and its memory.
 */
import { isUtf8 } from 'node:buffer';
import { preventTrimming } from './heap-trimming.ts';
import type { Kernels } from './kernels.ts';
import { maskScalar, rotateKey } from './scalar.ts';
import { createWasmKernel, type Region, type WasmKernel } from './wasm.ts';

/** Bytes of kernel memory per thread. Untouched pages take no memory. */
const MEMORY_SIZE = 8 * 1024 * 1024;
/** Bytes of it kept for what a thread has once: receive buffers, and the room of system calls. */
const RESERVED_SIZE = 2 * 1024 * 1024;
/** In kernel memory, from this many bytes on the call into WebAssembly pays (bench/micro/mask.mjs). */
const SIMD_FROM = 32;
/** Elsewhere, from this many bytes on the way through kernel memory and back pays (bench/micro/mask.mjs). */
const DETOUR_FROM = 256;
const DETOUR_SIZE = 64 * 1024;

/** Kernels over a {@link WasmKernel} where there is one, and over nothing but JavaScript where not. */
export class NodeKernels implements Kernels {
  readonly wasm: WasmKernel | undefined;
  readonly #buffer: ArrayBufferLike | undefined;
  readonly #detour: Region | undefined;
  /** The array in kernel memory masked last, and where it lies: asking an array for its buffer takes as long as masking. */
  #known: Uint8Array | undefined;
  #knownOffset = 0;

  constructor(wasm: WasmKernel | undefined) {
    this.wasm = wasm;
    this.#buffer = wasm?.buffer;
    this.#detour = wasm?.allocate(DETOUR_SIZE);
  }

  mask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void {
    const length = end - start;
    if (this.wasm === undefined || length < SIMD_FROM) {
      maskScalar(bytes, start, end, key, phase);
    } else if (bytes === this.#known || this.#isKernelMemory(bytes)) {
      this.wasm.maskAt(this.#knownOffset + start, length, rotateKey(key, phase));
    } else if (length < DETOUR_FROM) {
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
    // Not cleared first: for long messages that takes as long as copying them (bench/micro/copy.mjs).
    return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
  }

  writeUtf8(text: string, bytes: Uint8Array, offset: number): number {
    return asBuffer(bytes).write(text, offset);
  }

  /** Gives out memory in which masking is fastest, for what a thread has once; ordinary memory without WebAssembly. */
  allocate(size: number): Region {
    return this.wasm?.allocate(size) ?? Buffer.allocUnsafeSlow(size);
  }

  /** Gives out such memory for what a thread may have many of: ordinary memory once the rest is needed. */
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
    // DETOUR_SIZE is a multiple of four, so the key needs no turning from one piece to the next.
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
