/**
 * Where the core writes under blocking calls: every call sends what it wrote before it returns, so
 * that one slab of kernel memory serves all connections of a thread.
 */
import type { Region } from '../../kernels/wasm.ts';
import type { Output } from '../../protocol/output.ts';
import { allocateCallMemory } from './call-memory.ts';

const SLAB_SIZE = 256 * 1024;
/** Kept free for what the core answers while the slab is being sent: one close frame. */
const HEADROOM = 1024;

let shared: Region | undefined;

/** One connection's output. */
export class SyncOutput implements Output {
  readonly bytes: Region;
  position = 0;
  limit: number = SLAB_SIZE - HEADROOM;
  isBlocked = false;
  readonly #send: (bytes: Region) => void;

  /** @param send blocks until the bytes are sent, or cannot be */
  constructor(send: (bytes: Region) => void) {
    shared ??= allocateCallMemory(SLAB_SIZE);
    this.bytes = shared;
    this.#send = send;
  }

  reserve(size: number): void {
    if (this.limit - this.position < size) this.flush();
  }

  /** Sends what was written. What the core writes meanwhile is sent after it. */
  flush(): void {
    if (this.isBlocked || this.position === 0) return;
    this.isBlocked = true;
    this.limit = SLAB_SIZE;
    try {
      for (let sent = 0; sent < this.position; ) {
        const end = this.position;
        this.#send(this.bytes.subarray(sent, end));
        sent = end;
      }
    } finally {
      this.position = 0;
      this.limit = SLAB_SIZE - HEADROOM;
      this.isBlocked = false;
    }
  }
}
