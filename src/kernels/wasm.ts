/**
 * The masking kernel in WebAssembly, and its memory.
 *
 * The memory has a fixed size, since growing a `WebAssembly.Memory` detaches every view of it. Its pages take no
 * memory until they are touched. Buffers whose bytes are masked often lie in it: slabs of the send arena, and receive
 * buffers.
 */
import { WASM_BINARY } from './wasm-binary.ts';

const PAGE = 65_536;

/** A region of the kernel's memory, as bytes. */
export type Region = Buffer<ArrayBuffer>;

/** The part of a `WebAssembly.Memory` that is used here. The types of Node.js 20 do not have it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** The part of a `WebAssembly.Instance` that is used here. */
export interface WasmInstance {
  readonly exports: object;
}

declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object, imports: object) => WasmInstance;
};

interface KernelExports {
  mask(pointer: number, length: number, key: number): void;
}

/** One instance of the kernel with its memory. */
export class WasmKernel {
  /** The memory. System calls of the sync client use it too. */
  readonly memory: WasmMemory;
  readonly instance: WasmInstance;
  readonly buffer: ArrayBuffer;
  readonly maskAt: (pointer: number, length: number, key: number) => void;
  /** Where the memory that was not given out begins. */
  #next = 0;

  constructor(size: number) {
    const pages = Math.ceil(size / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = this.memory.buffer;
    const module = new WebAssembly.Module(Buffer.from(WASM_BINARY, 'base64'));
    this.instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.maskAt = (this.instance.exports as KernelExports).mask;
  }

  /** Bytes that were not given out. */
  get left(): number {
    return this.buffer.byteLength - this.#next;
  }

  /** Gives out `size` bytes of the memory; `undefined` if there are not so many left. */
  allocate(size: number): Region | undefined {
    if (size > this.left) return undefined;
    const region = Buffer.from(this.buffer, this.#next, size);
    this.#next += (size + 63) & ~63;
    return region;
  }
}

/** Makes a kernel with `size` bytes of memory; returns `undefined` if the engine has no WebAssembly or no SIMD. */
export function createWasmKernel(size: number): WasmKernel | undefined {
  try {
    return new WasmKernel(size);
  } catch {
    return undefined;
  }
}
