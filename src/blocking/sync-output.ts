/**
 * Where the core writes the frames of the sync client. All connections of a thread share one slab of memory: every call
 * sends what it wrote before it returns, but for sends within `cork`. Bytes that cannot be sent in time are copied to a
 * backlog, which the next call sends first.
 */
import { nodeKernels } from '../kernels/node.ts';
import type { Region } from '../kernels/wasm.ts';
import type { Output } from '../protocol/output.ts';

const SLAB_SIZE = 256 * 1024;
/** Bytes left free for what the core may write while the slab is being sent: one close frame. */
const HEADROOM = 1024;

let shared: Region | undefined;
/** The output that wrote last. Within `cork` its frames may still lie in the slab. */
let owner: SyncOutput | undefined;

/** One connection's output. */
export class SyncOutput implements Output {
  readonly bytes: Region;
  position = 0;
  limit: number = SLAB_SIZE - HEADROOM;
  readonly #send: (bytes: Uint8Array) => number;
  #isSending = false;
  /** What could not be sent in time, oldest first. */
  #backlog: Uint8Array[] = [];
  #backlogLength = 0;

  /** @param send blocks until the bytes are sent or its deadline has passed; returns how many were sent */
  constructor(send: (bytes: Uint8Array) => number) {
    shared ??= nodeKernels().allocate(SLAB_SIZE);
    this.bytes = shared;
    this.#send = send;
    this.claim();
  }

  /** Must be called before anything is written: what another connection has left in the slab moves to its backlog. */
  claim(): void {
    if (owner === this) return;
    owner?.vacate();
    owner = this;
  }

  /** Gives up the slab; nothing more is written. */
  release(): void {
    if (owner === this) owner = undefined;
  }

  get isBlocked(): boolean {
    return this.#isSending || this.#backlogLength > 0;
  }

  /** Bytes that could not be sent in time. */
  get backlog(): number {
    return this.#backlogLength;
  }

  reserve(size: number): void {
    if (this.limit - this.position < size) this.flush();
  }

  /** Sends the backlog, then what was written, then what the core writes meanwhile. */
  flush(): void {
    if (this.#isSending || (this.position === 0 && this.#backlogLength === 0)) return;
    this.#isSending = true;
    this.limit = SLAB_SIZE;
    try {
      this.#sendBacklog();
      for (let sent = 0; sent < this.position; ) {
        const end = this.position;
        this.#sendOrKeep(this.bytes.subarray(sent, end));
        sent = end;
      }
    } finally {
      this.position = 0;
      this.limit = SLAB_SIZE - HEADROOM;
      this.#isSending = false;
    }
  }

  private vacate(): void {
    if (this.#isSending || this.position === 0) return;
    this.#keep(this.bytes.subarray(0, this.position));
    this.position = 0;
  }

  #sendBacklog(): void {
    while (this.#backlog.length > 0) {
      const first = this.#backlog[0] as Uint8Array;
      const sent = this.#send(first);
      this.#backlogLength -= sent;
      if (sent < first.length) {
        this.#backlog[0] = first.subarray(sent);
        return;
      }
      this.#backlog.shift();
    }
  }

  #sendOrKeep(bytes: Region): void {
    const sent = this.#backlogLength > 0 ? 0 : this.#send(bytes);
    if (sent < bytes.length) this.#keep(bytes.subarray(sent));
  }

  /** Copies bytes to the backlog, since the slab is used again at once. */
  #keep(bytes: Uint8Array): void {
    this.#backlog.push(new Uint8Array(bytes));
    this.#backlogLength += bytes.length;
  }
}
