/**
 * System calls on a file descriptor through `node:wasi`. It reads, writes and polls without an event loop,
 * throws nothing, and reads straight into the memory in which the kernel unmasks.
 *
 * Only JavaScript makes these calls. Made from WebAssembly, they can collect garbage where the engine does
 * not expect it.
 */
import type { WASI as NodeWasi } from 'node:wasi';
import { isMainThread } from 'node:worker_threads';
import type { Region } from '../../kernels/wasm.ts';
import { nodeProcess } from '../../transport/node-globals.ts';
import { allocateCallMemory, callKernel } from './memory.ts';
import {
  plainView,
  RECEIVE_SIZE,
  type SystemCalls,
  systemError,
  WOULD_BLOCK,
} from './system-calls.ts';

/** The calls used, as WASI preview 1 defines them. Each returns an error number, or 0. */
interface WasiImport {
  fd_read(fd: number, vectors: number, count: number, size: number): number;
  fd_write(fd: number, vectors: number, count: number, size: number): number;
  fd_fdstat_set_flags(fd: number, flags: number): number;
  poll_oneoff(subscriptions: number, events: number, count: number, size: number): number;
}

/** The error numbers of WASI that calls on a socket return, and the names that Node.js has for them. */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  8: 'EBADF',
  13: 'ECONNABORTED',
  14: 'ECONNREFUSED',
  15: 'ECONNRESET',
  23: 'EHOSTUNREACH',
  29: 'EIO',
  38: 'ENETDOWN',
  40: 'ENETUNREACH',
  53: 'ENOTCONN',
  64: 'EPIPE',
  73: 'ETIMEDOUT',
};
const EAGAIN = 6;
const EINTR = 27;
const FLAG_NONBLOCK = 4;
const EVENT_CLOCK = 0;
const EVENT_READ = 1;
const EVENT_WRITE = 2;
const CLOCK_MONOTONIC = 1;
/** The descriptors of a WASI instance. Both are the socket. */
const INPUT = 0;
const OUTPUT = 1;

/** Where the arguments lie in their region. */
const VECTOR = 0;
const RESULT = 16;
const SUBSCRIPTIONS = 64;
const SUBSCRIPTION_SIZE = 48;
const EVENTS = 192;
const REGION_SIZE = 256;

/** Bytes of one write that lie outside of the kernel's memory. They are copied into it first. */
const STAGING_SIZE = 256 * 1024;
/** How long one poll waits at most, in ms. A worker thread that is to end notices it only between two polls. */
const MAX_POLL = 100;

/** What all connections of a thread share in the kernel's memory. */
interface Memory {
  readonly arguments: Region;
  readonly received: Uint8Array;
  readonly staging: Region;
}

let shared: Memory | undefined;

function sharedMemory(): Memory {
  shared ??= {
    arguments: allocateCallMemory(REGION_SIZE),
    received: plainView(allocateCallMemory(RECEIVE_SIZE)),
    staging: allocateCallMemory(STAGING_SIZE),
  };
  return shared;
}

/** Calls on one descriptor. */
export class WasiCalls implements SystemCalls {
  readonly received: Uint8Array;
  isUndelivered = false;
  readonly #staging: Region;
  readonly #import: WasiImport;
  readonly #view: DataView;
  readonly #base: number;
  /** Whether calls on the descriptor block. Those on sockets of Node.js do not. */
  #isBlocking = false;
  /** Whether a signal has come since the last read that brought something. It may be about to end the script. */
  #wasInterrupted = false;

  /** @throws if WASI is not available, under the permission model for instance */
  constructor(fd: number) {
    const kernel = callKernel();
    const memory = sharedMemory();
    const WASI = loadWasi();
    const wasi = new WASI({
      version: 'preview1',
      args: [],
      env: {},
      stdin: fd,
      stdout: fd,
      stderr: fd,
      returnOnExit: true,
    });
    wasi.initialize(kernel.instance);
    this.#import = wasi.wasiImport as unknown as WasiImport;
    this.#view = new DataView(kernel.buffer);
    this.#base = memory.arguments.byteOffset;
    this.received = memory.received;
    this.#staging = memory.staging;
  }

  read(): number {
    this.#setBlocking(false);
    return this.#read();
  }

  readWithin(left: number): number {
    // A read that blocks costs a third of a poll and a read (bench:wire). But it heeds no deadline, and it
    // would keep a worker thread from ending; the main thread ends with its process. None is made after a
    // signal, since a REPL may be about to end the script.
    if (left === Number.POSITIVE_INFINITY && isMainThread && !this.#wasInterrupted) {
      this.#setBlocking(true);
      return this.#read();
    }
    this.#poll(EVENT_READ, INPUT, left);
    return this.#read();
  }

  write(bytes: Uint8Array, start: number): number {
    this.#setBlocking(false);
    if (bytes.buffer === this.#view.buffer) {
      this.#setVector(bytes.byteOffset + start, bytes.length - start);
    } else {
      const piece = bytes.subarray(start, start + STAGING_SIZE);
      this.#staging.set(piece);
      this.#setVector(this.#staging.byteOffset, piece.length);
    }
    return this.#result(
      this.#import.fd_write(OUTPUT, this.#base + VECTOR, 1, this.#base + RESULT),
      'write',
    );
  }

  waitWritable(left: number): void {
    this.#poll(EVENT_WRITE, OUTPUT, left);
  }

  release(): void {
    this.#setBlocking(false);
  }

  #read(): number {
    this.#setVector(this.received.byteOffset, RECEIVE_SIZE);
    const error = this.#import.fd_read(INPUT, this.#base + VECTOR, 1, this.#base + RESULT);
    // Set before anything else is called: a call that was cut off gets no further than to the next function.
    this.isUndelivered = error === 0;
    if (error === 0) this.#wasInterrupted = false;
    else if (error === EINTR) this.#wasInterrupted = true;
    return this.#result(error, 'read');
  }

  #setBlocking(isBlocking: boolean): void {
    if (this.#isBlocking === isBlocking) return;
    this.#isBlocking = isBlocking;
    this.#import.fd_fdstat_set_flags(INPUT, isBlocking ? 0 : FLAG_NONBLOCK);
  }

  #setVector(pointer: number, size: number): void {
    this.#view.setUint32(this.#base + VECTOR, pointer, true);
    this.#view.setUint32(this.#base + VECTOR + 4, size, true);
  }

  #result(error: number, syscall: string): number {
    if (error === 0) return this.#view.getUint32(this.#base + RESULT, true);
    // A signal says nothing about the socket: the caller tries again.
    if (error === EAGAIN || error === EINTR) return WOULD_BLOCK;
    throw systemError(ERROR_NAMES[error] ?? `WASI error ${error}`, syscall);
  }

  #poll(type: number, fd: number, left: number): void {
    const timeout = Math.ceil(Math.min(left, MAX_POLL));
    const view = this.#view;
    const first = this.#base + SUBSCRIPTIONS;
    const second = first + SUBSCRIPTION_SIZE;
    this.#clear(first, 2 * SUBSCRIPTION_SIZE);
    view.setUint8(first + 8, type);
    view.setUint32(first + 16, fd, true);
    view.setUint8(second + 8, EVENT_CLOCK);
    view.setUint32(second + 16, CLOCK_MONOTONIC, true);
    view.setBigUint64(second + 24, BigInt(timeout) * 1_000_000n, true);
    // A poll leaves the descriptor in the mode that does not block.
    this.#isBlocking = false;
    this.#import.poll_oneoff(first, this.#base + EVENTS, 2, this.#base + RESULT);
  }

  #clear(from: number, length: number): void {
    new Uint8Array(this.#view.buffer, from, length).fill(0);
  }
}

let wasiClass: typeof NodeWasi | undefined;

/** Loads `node:wasi` without the warning that it is experimental, which users of this library need not see. */
function loadWasi(): typeof NodeWasi {
  if (wasiClass !== undefined) return wasiClass;
  const { emitWarning } = nodeProcess;
  nodeProcess.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).includes('WASI')) return;
    Reflect.apply(emitWarning, nodeProcess, [warning, ...rest]);
  };
  try {
    wasiClass = process.getBuiltinModule('node:wasi').WASI;
  } finally {
    nodeProcess.emitWarning = emitWarning;
  }
  return wasiClass;
}
