/**
 * System calls on a file descriptor, through `node:wasi`: it reads, writes and polls without an
 * event loop and without throwing, straight into the kernel's memory.
 *
 * The calls are made from JavaScript only: made from WebAssembly they can collect garbage where
 * the engine does not expect it.
 */
import type { WASI as NodeWasi } from 'node:wasi';
import { isMainThread } from 'node:worker_threads';
import type { Region } from '../../kernels/wasm.ts';
import { nodeProcess } from '../../transport/node-globals.ts';
import { allocateCallMemory, callKernel } from './memory.ts';
import {
  LONGEST_SLEEP,
  plainView,
  RECEIVE_SIZE,
  type SystemCalls,
  systemError,
  WOULD_BLOCK,
} from './system-calls.ts';

/** The calls used, as WASI preview 1 defines them; each returns an error number, 0 for none. */
interface WasiImport {
  fd_read(fd: number, vectors: number, count: number, size: number): number;
  fd_write(fd: number, vectors: number, count: number, size: number): number;
  fd_fdstat_set_flags(fd: number, flags: number): number;
  poll_oneoff(subscriptions: number, events: number, count: number, size: number): number;
}

/** WASI's error numbers that a socket can meet, by the names that Node.js has for them. */
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
/** The descriptors of an instance: all three are the socket. */
const INPUT = 0;
const OUTPUT = 1;

/** Where the arguments lie, from the start of the region. */
const VECTOR = 0;
const RESULT = 16;
const SUBSCRIPTIONS = 64;
const SUBSCRIPTION_SIZE = 48;
const EVENTS = 192;
const REGION_SIZE = 256;

/** Bytes from elsewhere that are put into kernel memory at once, to be written from there. */
const STAGING_SIZE = 256 * 1024;

/** What a thread has once, in kernel memory. */
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
  /** The descriptor's mode, as far as we know it: sockets of Node.js do not block. */
  #isBlocking = false;
  /** Whether a signal has come since something was read last. */
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
    // A blocking read costs a third of a poll and a read, but is deaf to deadlines and to the end
    // of its thread; the main thread ends with its process. A signal may end it otherwise, in a REPL, a moment later.
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
    // Noted at once: a call that was ended from outside meanwhile comes no further than the next function.
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
    // A signal says nothing of the socket: who waits calls again.
    if (error === EAGAIN || error === EINTR) return WOULD_BLOCK;
    throw systemError(ERROR_NAMES[error] ?? `WASI error ${error}`, syscall);
  }

  #poll(type: number, fd: number, left: number): void {
    const timeout = Math.ceil(Math.min(left, LONGEST_SLEEP));
    const view = this.#view;
    const first = this.#base + SUBSCRIPTIONS;
    const second = first + SUBSCRIPTION_SIZE;
    this.#clear(first, 2 * SUBSCRIPTION_SIZE);
    view.setUint8(first + 8, type);
    view.setUint32(first + 16, fd, true);
    view.setUint8(second + 8, EVENT_CLOCK);
    view.setUint32(second + 16, CLOCK_MONOTONIC, true);
    view.setBigUint64(second + 24, BigInt(timeout) * 1_000_000n, true);
    // Polling leaves the descriptor in its non-blocking mode.
    this.#isBlocking = false;
    this.#import.poll_oneoff(first, this.#base + EVENTS, 2, this.#base + RESULT);
  }

  #clear(from: number, length: number): void {
    new Uint8Array(this.#view.buffer, from, length).fill(0);
  }
}

let wasiClass: typeof NodeWasi | undefined;

/** Loads `node:wasi` without its warning, which would reach the user of a library that works. */
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
