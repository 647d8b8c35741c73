/**
 * System calls through `node:fs`, for where `node:wasi` does not work. They cannot wait for a descriptor,
 * so they sleep between two looks at it. The sleeps begin short and grow with the wait.
 */
import { readSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { nodeKernels } from '../../kernels/node.ts';
import {
  plainView,
  RECEIVE_SIZE,
  type SystemCalls,
  systemError,
  WOULD_BLOCK,
} from './system-calls.ts';

/** The sleep between two looks, in ms. */
const MIN_SLEEP = 0.05;
const MAX_SLEEP = 1;
/** A sleep lasts this part of the time already slept, so that a wait ends late by no larger part. */
const SLEEP_SHARE = 1 / 8;
/** A wait without a deadline that has slept for so many ms goes on in a read that blocks. */
const MAX_SLEPT = 2;
/** Bytes of one write at most. What the system does not take would be copied for nothing. */
const MAX_WRITE = 256 * 1024;

let shared: Uint8Array | undefined;
/** Never notified, so a wait for it is a sleep. */
const unnotified = new Int32Array(new SharedArrayBuffer(4));

/** Calls on one descriptor. */
export class FsCalls implements SystemCalls {
  readonly received: Uint8Array;
  isUndelivered = false;
  readonly #fd: number;
  readonly #setBlocking: ((isBlocking: boolean) => void) | undefined;
  #isBlocking = false;
  /** Milliseconds slept since the last read that brought something. */
  #slept = 0;
  /** Whether a signal has come since the last read that brought something. It may be about to end the script. */
  #wasInterrupted = false;

  /** @param setBlocking sets whether calls on the descriptor block; missing where that cannot be changed */
  constructor(fd: number, setBlocking?: (isBlocking: boolean) => void) {
    shared ??= plainView(nodeKernels().allocate(RECEIVE_SIZE));
    this.received = shared;
    this.#fd = fd;
    // A read that blocks would keep a worker thread from ending. The main thread ends with its process.
    if (isMainThread) this.#setBlocking = setBlocking;
  }

  read(): number {
    this.#block(false);
    return this.#read();
  }

  readWithin(left: number): number {
    const canBlock = left === Number.POSITIVE_INFINITY && this.#setBlocking !== undefined;
    if (canBlock && !this.#wasInterrupted && this.#slept >= MAX_SLEPT) {
      this.#block(true);
      return this.#read();
    }
    this.#sleep(left);
    return this.read();
  }

  write(bytes: Uint8Array, start: number): number {
    this.#block(false);
    const size = Math.min(bytes.length - start, MAX_WRITE);
    try {
      return writeSync(this.#fd, bytes, start, size);
    } catch (error) {
      return wouldBlock(error, 'write');
    }
  }

  waitWritable(left: number): void {
    this.#sleep(left);
  }

  release(): void {
    this.#block(false);
  }

  #read(): number {
    // Set before the read: a call that is cut off meanwhile does not return from `readSync`.
    this.isUndelivered = true;
    try {
      const length = readSync(this.#fd, this.received, 0, RECEIVE_SIZE, null);
      this.#slept = 0;
      this.#wasInterrupted = false;
      return length;
    } catch (error) {
      this.isUndelivered = false;
      this.#wasInterrupted ||= (error as NodeJS.ErrnoException).code === 'EINTR';
      return wouldBlock(error, 'read');
    }
  }

  #sleep(left: number): void {
    const wanted = Math.max(MIN_SLEEP, this.#slept * SLEEP_SHARE);
    const sleep = Math.min(left, wanted, MAX_SLEEP);
    Atomics.wait(unnotified, 0, 0, sleep);
    this.#slept += sleep;
  }

  #block(isBlocking: boolean): void {
    if (this.#isBlocking === isBlocking) return;
    this.#setBlocking?.(isBlocking);
    this.#isBlocking = isBlocking;
  }
}

function wouldBlock(error: unknown, syscall: string): number {
  const { code = 'EIO' } = error as NodeJS.ErrnoException;
  // A signal says nothing about the socket: the caller tries again.
  if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR') return WOULD_BLOCK;
  throw systemError(code, syscall);
}
