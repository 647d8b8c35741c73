/**
 * System calls through `node:fs`, for where `node:wasi` is not to be had. They cannot wait for a
 * descriptor, only for time to pass: sleeps begin short and grow with the wait.
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

/** Shortest and longest sleep between two looks, in ms. */
const SHORTEST_SLEEP = 0.05;
const LONGEST_SLEEP = 1;
/** A sleep is this part of the time already slept, so that no wait gets longer by more than that. */
const SLEEP_SHARE = 1 / 8;
/** Once a wait without a deadline has lasted this many ms, it pays to let the system wake us. */
const PATIENCE = 2;
/** Bytes written at once, at most: what does not fit is copied for nothing. */
const WRITE_SIZE = 256 * 1024;

let shared: Uint8Array | undefined;
/** Nobody ever notifies it: waiting for it is sleeping. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Calls on one descriptor. */
export class FsCalls implements SystemCalls {
  readonly received: Uint8Array;
  isUndelivered = false;
  readonly #fd: number;
  readonly #setBlocking: ((isBlocking: boolean) => void) | undefined;
  #isBlocking = false;
  /** Milliseconds slept since something came. */
  #slept = 0;
  /** Whether a signal has come since something was read last: it may end the thread's script a moment later. */
  #wasInterrupted = false;

  /** @param setBlocking changes the descriptor's mode, if somebody can */
  constructor(fd: number, setBlocking?: (isBlocking: boolean) => void) {
    shared ??= plainView(nodeKernels().allocate(RECEIVE_SIZE));
    this.received = shared;
    this.#fd = fd;
    // A read that blocks is deaf to the end of its thread; the main thread ends with its process.
    if (isMainThread) this.#setBlocking = setBlocking;
  }

  read(): number {
    this.#block(false);
    return this.#read();
  }

  readWithin(left: number): number {
    const canBlock = left === Number.POSITIVE_INFINITY && this.#setBlocking !== undefined;
    if (canBlock && !this.#wasInterrupted && this.#slept >= PATIENCE) {
      this.#block(true);
      return this.#read();
    }
    this.#sleep(left);
    return this.read();
  }

  write(bytes: Uint8Array, start: number): number {
    this.#block(false);
    const size = Math.min(bytes.length - start, WRITE_SIZE);
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
    // Noted before: a call that is ended from outside meanwhile does not come back from `readSync`.
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
    const wanted = Math.max(SHORTEST_SLEEP, this.#slept * SLEEP_SHARE);
    const sleep = Math.min(left, wanted, LONGEST_SLEEP);
    Atomics.wait(nothing, 0, 0, sleep);
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
  // A signal says nothing of the socket: who waits calls again.
  if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR') return WOULD_BLOCK;
  throw systemError(code, syscall);
}
