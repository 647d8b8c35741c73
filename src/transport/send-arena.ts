/**
 * The memory that frames are written into. All connections of a thread share it.
 *
 * Each connection appends its batch to a slab and sends it with one write. When the system takes a write at once, the
 * memory is free again, so a busy thread uses the same slab all the time. A write that has to wait pins its slab until
 * it is done; meanwhile the next slab is used. Slabs lie in the memory of the WebAssembly kernel, where masking is
 * fastest (bench/micro/mask.mjs).
 */
import { type NodeKernels, nodeKernels } from '../kernels/node.ts';
import type { Region } from '../kernels/wasm.ts';
import type { Output } from '../protocol/output.ts';
import type { DrivenSocket } from './socket.ts';

/** Bytes of a slab. No segment is longer. */
const SLAB_SIZE = 256 * 1024;
/** The most bytes that are copied out of a slab when they have to wait, so that a slow peer pins no whole slab. */
const MAX_COPIED = SLAB_SIZE / 4;
/** How many free slabs of ordinary memory are kept. Slabs of kernel memory are always kept. */
const MAX_FREE_ORDINARY = 4;

class Slab {
  readonly bytes: Region;
  /** Where the next segment begins. */
  position = 0;
  /** How many segments and unfinished writes lie in the slab. */
  pins = 0;

  constructor(bytes: Region) {
    this.bytes = bytes;
  }
}

/** A part of a slab that belongs to one connection's batch. */
interface Segment {
  readonly slab: Slab;
  readonly start: number;
  readonly end: number;
}

/** The slabs of a thread. */
export class SendArena {
  readonly #kernels: NodeKernels;
  readonly #free: Slab[] = [];
  #current: Slab;
  /** The output that appends to the current slab. */
  #writer: SocketOutput | undefined;

  constructor(kernels: NodeKernels) {
    this.#kernels = kernels;
    this.#current = new Slab(kernels.allocateSpare(SLAB_SIZE));
  }

  /** Opens a segment with room for `size` bytes, to which `writer` may append. */
  open(writer: SocketOutput, size: number): Slab {
    this.#writer?.freeze();
    if (SLAB_SIZE - this.#current.position < size) {
      this.#current = this.#free.pop() ?? new Slab(this.#kernels.allocateSpare(SLAB_SIZE));
    }
    this.#writer = writer;
    this.#current.pins++;
    return this.#current;
  }

  /** Ends the appending of `writer`. */
  leave(writer: SocketOutput): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  /** Takes a pin off a slab: a segment or a write in it is done. */
  release(slab: Slab): void {
    slab.pins--;
    if (slab.pins > 0) return;
    slab.position = 0;
    if (slab === this.#current) return;
    const isKernelMemory = slab.bytes.buffer === this.#kernels.wasm?.buffer;
    if (isKernelMemory || this.#free.length < MAX_FREE_ORDINARY) this.#free.push(slab);
  }
}

let shared: SendArena | undefined;

/** Returns this thread's arena. */
function sharedArena(): SendArena {
  shared ??= new SendArena(nodeKernels());
  return shared;
}

/** The driver that an output belongs to. */
export interface Flusher {
  /** Sends the batch: its slab is full. */
  flush(): void;
  /** A write that had to wait is done, or will never be. Must call `written`. */
  handleWritten(): void;
}

const NOTHING: Region = Buffer.alloc(0);

/** One connection's batch in the arena. */
export class SocketOutput implements Output {
  bytes: Region = NOTHING;
  position = 0;
  limit = 0;
  isBlocked = false;
  readonly #arena: SendArena;
  readonly #flusher: Flusher;
  /** The slab of the open segment, which begins at `#start`. */
  #slab: Slab | undefined;
  #start = 0;
  /** Segments before the open one: other connections appended in between. */
  #earlier: Segment[] | undefined;
  #earlierLength = 0;
  /** Slabs that wait for a write, in order, each with the number of the write. */
  #unfinished: { write: number; slab: Slab }[] | undefined;
  #writesBegun = 0;
  #writesDone = 0;
  /** Whether the system took the last write at once. The next is written without a callback then, which would cost a tick. */
  #leavesAtOnce = true;
  /** The callback of writes. Made when one has to wait, which most connections never see. */
  #onWritten: (() => void) | undefined;

  constructor(flusher: Flusher, arena: SendArena = sharedArena()) {
    this.#flusher = flusher;
    this.#arena = arena;
  }

  /** Bytes in the batch. */
  get pending(): number {
    return this.#earlierLength + this.position - this.#start;
  }

  reserve(size: number): void {
    const wanted = Math.min(size, SLAB_SIZE);
    if (this.limit - this.position >= wanted) return;
    // A full slab is sent now if it can be, so that its memory is free again.
    const isFull = this.#slab !== undefined && SLAB_SIZE - this.position < wanted;
    if (isFull && !this.isBlocked) this.#flusher.flush();
    this.#closeSegment();
    this.#slab = this.#arena.open(this, wanted);
    this.bytes = this.#slab.bytes;
    this.#start = this.#slab.position;
    this.position = this.#start;
    this.limit = SLAB_SIZE;
  }

  /** Ends the room of the open segment: another connection appends to the slab from here on. */
  freeze(): void {
    this.limit = this.position;
    (this.#slab as Slab).position = this.position;
  }

  /** Writes the batch to the socket. */
  writeTo(socket: DrivenSocket): void {
    if (this.#earlier !== undefined) {
      this.#writeSegments(socket);
      return;
    }
    const slab = this.#slab;
    if (slab === undefined || this.position === this.#start) return;
    const waits = socket.writableLength > 0;
    const segment = { slab, start: this.#start, end: this.position };
    this.#detach();
    if (waits || !this.#leavesAtOnce) this.#write(socket, segment, waits);
    else this.#writeAtOnce(socket, segment);
    this.#leavesAtOnce = socket.writableLength === 0;
  }

  /** Takes the batch out as a copy; `undefined` if there is none. */
  takeOut(): Uint8Array | undefined {
    if (this.pending === 0) return undefined;
    this.#closeSegment();
    const batch = new Uint8Array(this.#earlierLength);
    let length = 0;
    for (const { slab, start, end } of this.#earlier ?? []) {
      batch.set(slab.bytes.subarray(start, end), length);
      length += end - start;
    }
    this.discard();
    return batch;
  }

  /** Notes that a write is done, or will never be. */
  written(): void {
    this.#writesDone++;
    const unfinished = this.#unfinished;
    while (unfinished?.[0] !== undefined && unfinished[0].write <= this.#writesDone) {
      this.#arena.release(unfinished[0].slab);
      unfinished.shift();
    }
  }

  /** Drops the batch: nothing more will be sent. */
  discard(): void {
    this.#closeSegment();
    for (const { slab } of this.#earlier ?? []) this.#arena.release(slab);
    this.#earlier = undefined;
    this.#earlierLength = 0;
  }

  #writeSegments(socket: DrivenSocket): void {
    this.#closeSegment();
    const segments = this.#earlier ?? [];
    this.#earlier = undefined;
    this.#earlierLength = 0;
    const waits = socket.writableLength > 0;
    socket.cork();
    for (const segment of segments) this.#write(socket, segment, waits);
    socket.uncork();
  }

  /** Writes a segment. `waits` says that earlier writes are unfinished. */
  #write(socket: DrivenSocket, { slab, start, end }: Segment, waits: boolean): void {
    const bytes = slab.bytes.subarray(start, end);
    const isCopied = waits && bytes.length <= MAX_COPIED;
    this.#writeWithCallback(socket, isCopied ? new Uint8Array(bytes) : bytes);
    if (isCopied || socket.writableLength === 0) this.#arena.release(slab);
    else this.#keep(slab);
  }

  /** Writes a segment without a callback, since the system most likely takes it at once. */
  #writeAtOnce(socket: DrivenSocket, { slab, start, end }: Segment): void {
    socket.write(slab.bytes.subarray(start, end));
    if (socket.writableLength === 0) {
      this.#arena.release(slab);
      return;
    }
    // The system did not take it. An empty write behind it has the callback that tells when it is done.
    this.#writeWithCallback(socket, NOTHING);
    this.#keep(slab);
  }

  /** Writes bytes; the flusher's `handleWritten` is called when they are written. */
  #writeWithCallback(socket: DrivenSocket, bytes: Uint8Array): void {
    this.#writesBegun++;
    this.#onWritten ??= () => this.#flusher.handleWritten();
    socket.write(bytes, this.#onWritten);
  }

  /** Keeps a slab pinned until the latest write is done. */
  #keep(slab: Slab): void {
    this.#unfinished ??= [];
    this.#unfinished.push({ write: this.#writesBegun, slab });
  }

  #closeSegment(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const segment = { slab, start: this.#start, end: this.position };
    this.#detach();
    if (segment.start === segment.end) {
      this.#arena.release(slab);
      return;
    }
    this.#earlier ??= [];
    this.#earlier.push(segment);
    this.#earlierLength += segment.end - segment.start;
  }

  /** Ends the open segment. Its slab stays pinned. */
  #detach(): void {
    const slab = this.#slab as Slab;
    // If another connection has appended since, the slab's position is further on already.
    slab.position = Math.max(slab.position, this.position);
    this.#arena.leave(this);
    this.#slab = undefined;
    this.bytes = NOTHING;
    this.position = 0;
    this.limit = 0;
    this.#start = 0;
  }
}
