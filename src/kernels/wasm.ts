/**
 * The masking kernel in WebAssembly, and the memory it works in.
 *
 * Growing a `WebAssembly.Memory` detaches every view of it, so this one has a fixed size. Its
 * pages cost nothing until they are touched. What must be masked fast is put into it from the
 * start: the send arenas and the shared receive buffer.
 */
import { WASM_BINARY } from './wasm-binary.ts';

const PAGE = 65_536;

/** A region of the kernel's memory, as bytes. */
export type Region = Buffer<ArrayBuffer>;

/** What is used of a `WebAssembly.Memory`, which the types of Node.js 20 do not have. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** What is used of a `WebAssembly.Instance`. */
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
  /** The memory, also for whoever else works in it: system calls of the sync face do. */
  readonly memory: WasmMemory;
  readonly instance: WasmInstance;
  readonly buffer: ArrayBuffer;
  readonly maskAt: (pointer: number, length: number, key: number) => void;
  /** Where the first region not yet given out begins. */
  #next = 0;

  constructor(size: number) {
    const pages = Math.ceil(size / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = this.memory.buffer;
    const module = new WebAssembly.Module(Buffer.from(WASM_BINARY, 'base64'));
    this.instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.maskAt = (this.instance.exports as KernelExports).mask;
  }

  /** Bytes not given out. */
  get left(): number {
    return this.buffer.byteLength - this.#next;
  }

  /** Gives out `size` bytes that nobody else has, or nothing when the memory is used up. */
  allocate(size: number): Region | undefined {
    if (size > this.left) return undefined;
    const region = Buffer.from(this.buffer, this.#next, size);
    this.#next += (size + 63) & ~63;
    return region;
  }
}

/** Makes a kernel with `size` bytes of memory, or returns nothing where WebAssembly or its SIMD is missing. */
export function createWasmKernel(size: number): WasmKernel | undefined {
  try {
    return new WasmKernel(size);
  } catch {
    return undefined;
  }
}
