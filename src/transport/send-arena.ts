/**
 * The memory that frames are written into, shared by the connections of a thread.
 *
 * Each connection appends its batch to the arena and sends it with one write. A write that the
 * system takes at once leaves the memory free again, so that a busy thread sends from the same warm
 * slab for ever; a write that has to wait pins its slab until it is done, and the next one is used
 * meanwhile. Slabs are taken from the kernel's memory, where masking is fastest (bench/micro).
 */
import { type NodeKernels, nodeKernels } from '../kernels/node.ts';
import type { Region } from '../kernels/wasm.ts';
import type { Output } from '../protocol/output.ts';
import type { DrivenSocket } from './socket.ts';

/** Bytes of a slab: no batch, and no piece of a large message, is longer. */
const SLAB_SIZE = 256 * 1024;
/** Bytes up to which what has to wait is copied out: otherwise a slow peer's few bytes keep a whole slab. */
const MOST_COPIED = SLAB_SIZE / 4;
/** Free slabs kept when they are ordinary memory; those of kernel memory are kept always. */
const ORDINARY_SLABS_KEPT = 4;

class Slab {
  readonly bytes: Region;
  /** Where the next batch begins. */
  position = 0;
  /** Batches and unfinished writes that lie in it. */
  pins = 0;

  constructor(bytes: Region) {
    this.bytes = bytes;
  }
}

/** Bytes of one slab that belong to one connection's batch. */
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
  /** Who appends to the current slab; whoever comes next begins a segment of its own. */
  #writer: SocketOutput | undefined;

  constructor(kernels: NodeKernels) {
    this.#kernels = kernels;
    this.#current = new Slab(kernels.allocateSpare(SLAB_SIZE));
  }

  /** Opens a segment with room for `size` bytes, at the end of which `writer` may append. */
  open(writer: SocketOutput, size: number): Slab {
    this.#writer?.freeze();
    if (SLAB_SIZE - this.#current.position < size) {
      this.#current = this.#free.pop() ?? new Slab(this.#kernels.allocateSpare(SLAB_SIZE));
    }
    this.#writer = writer;
    this.#current.pins++;
    return this.#current;
  }

  /** `writer` appends no more. */
  leave(writer: SocketOutput): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  /** A batch or a write that lay in the slab is done. */
  release(slab: Slab): void {
    slab.pins--;
    if (slab.pins > 0) return;
    slab.position = 0;
    if (slab === this.#current) return;
    const isKernelMemory = slab.bytes.buffer === this.#kernels.wasm?.buffer;
    if (isKernelMemory || this.#free.length < ORDINARY_SLABS_KEPT) this.#free.push(slab);
  }
}

let shared: SendArena | undefined;

/** Returns this thread's arena. */
function sharedArena(): SendArena {
  shared ??= new SendArena(nodeKernels());
  return shared;
}

/** Whose batch it is. */
export interface Flusher {
  /** Sends the batch, whose memory is full. */
  flush(): void;
  /** A write that had to wait is done, or will never be; it is to call `written`. */
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
  #slab: Slab | undefined;
  #start = 0;
  /** Segments before the open one: others wrote in between. */
  #earlier: Segment[] | undefined;
  #earlierLength = 0;
  /** Slabs of writes that are not finished, in order, each with the number of its write. */
  #unfinished: { write: number; slab: Slab }[] | undefined;
  #writesBegun = 0;
  #writesDone = 0;
  /** Whether the system took the last write at once. To be told so would cost a tick of the event loop. */
  #leavesAtOnce = true;
  /** What a socket calls when a write is done; most connections never have one that has to wait. */
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
    // A full slab leaves at once where it can, so that its memory serves again.
    const isFull = this.#slab !== undefined && SLAB_SIZE - this.position < wanted;
    if (isFull && !this.isBlocked) this.#flusher.flush();
    this.#closeSegment();
    this.#slab = this.#arena.open(this, wanted);
    this.bytes = this.#slab.bytes;
    this.#start = this.#slab.position;
    this.position = this.#start;
    this.limit = SLAB_SIZE;
  }

  /** Another connection appends to the slab from here on. */
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

  /** Takes the batch out, into memory of its own; `undefined` if there is none. */
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

  /** A write is done, or will never be. */
  written(): void {
    this.#writesDone++;
    const unfinished = this.#unfinished;
    while (unfinished?.[0] !== undefined && unfinished[0].write <= this.#writesDone) {
      this.#arena.release(unfinished[0].slab);
      unfinished.shift();
    }
  }

  /** Forgets the batch: nothing more will be sent. */
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

  /** Writes a segment; `waits` says that others wait before it. */
  #write(socket: DrivenSocket, { slab, start, end }: Segment, waits: boolean): void {
    const bytes = slab.bytes.subarray(start, end);
    const isCopied = waits && bytes.length <= MOST_COPIED;
    this.#writeAndTell(socket, isCopied ? new Uint8Array(bytes) : bytes);
    if (isCopied || socket.writableLength === 0) this.#arena.release(slab);
    else this.#keep(slab);
  }

  /** Writes a segment that the system most likely takes at once. */
  #writeAtOnce(socket: DrivenSocket, { slab, start, end }: Segment): void {
    socket.write(slab.bytes.subarray(start, end));
    if (socket.writableLength === 0) {
      this.#arena.release(slab);
      return;
    }
    // Nothing comes after it, and is done when it is.
    this.#writeAndTell(socket, NOTHING);
    this.#keep(slab);
  }

  /** Writes bytes, and has the flusher told when that is done. */
  #writeAndTell(socket: DrivenSocket, bytes: Uint8Array): void {
    this.#writesBegun++;
    this.#onWritten ??= () => this.#flusher.handleWritten();
    socket.write(bytes, this.#onWritten);
  }

  /** Keeps a slab until the write begun last is done. */
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

  /** Lets go of the open segment; its slab stays pinned. */
  #detach(): void {
    const slab = this.#slab as Slab;
    // Where another connection has appended since, the slab's end is further on already.
    slab.position = Math.max(slab.position, this.position);
    this.#arena.leave(this);
    this.#slab = undefined;
    this.bytes = NOTHING;
    this.position = 0;
    this.limit = 0;
    this.#start = 0;
  }
}
