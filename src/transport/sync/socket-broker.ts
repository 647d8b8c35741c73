/**
 * The thread's side of its socket worker: asks it, and blocks until it answers.
 */
import type { Blob } from 'node:buffer';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { now } from '../clock.ts';
import type { ErrorFacts, WorkerReply, WorkerRequest } from './worker-messages.ts';

/** A connected socket whose descriptor this thread may use until it gives it back. */
export type ConnectedSocket = Extract<WorkerReply, { kind: 'connected' }>;

/** Asks a socket worker of its own, started at the first call and never ended before the thread. */
class SocketBroker {
  readonly #port: MessagePort;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  #lastId = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const worker = new Worker(new URL('./socket-worker.js', import.meta.url), {
      name: 'wirespeed-sockets',
      workerData: { port: port2, signal: this.#signal },
      transferList: [port2],
      // Preloads and NODE_OPTIONS are not for this thread.
      execArgv: [],
      env: {},
    });
    worker.unref();
  }

  /**
   * Connects; `undefined` when the deadline has passed.
   *
   * @throws the system's error
   */
  connect(
    address: { host: string; port: number; noDelay: boolean },
    deadline: number,
  ): ConnectedSocket | undefined {
    const id = this.#nextId();
    this.#port.postMessage({ kind: 'connect', id, ...address } satisfies WorkerRequest);
    const reply = this.#await(id, deadline);
    if (reply === undefined) this.release(id);
    return reply as ConnectedSocket | undefined;
  }

  /** Reads a Blob, which only an event loop can. */
  readBlob(blob: Blob): Uint8Array {
    const id = this.#nextId();
    this.#port.postMessage({ kind: 'blob', id, blob } satisfies WorkerRequest);
    const reply = this.#await(id, Number.POSITIVE_INFINITY);
    return new Uint8Array((reply as Extract<WorkerReply, { kind: 'bytes' }>).bytes);
  }

  /**
   * Gives a socket back, to be closed. Its descriptor must not be used any more.
   *
   * @param linger milliseconds in which what still comes is taken and dropped first
   */
  release(id: number, linger = 0): void {
    this.#port.postMessage({ kind: 'close', id, linger } satisfies WorkerRequest);
  }

  #nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  #await(id: number, deadline: number): WorkerReply | undefined {
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      const received = receiveMessageOnPort(this.#port) as { message: WorkerReply } | undefined;
      if (received === undefined) {
        const left = deadline - now();
        if (left <= 0) return undefined;
        Atomics.wait(this.#signal, 0, seen, left);
      } else if (received.message.id === id) {
        if (received.message.kind === 'failed') throw toError(received.message);
        return received.message;
      }
      // Anything else answers a call that had given up.
    }
  }
}

function toError({ error, errors }: Extract<WorkerReply, { kind: 'failed' }>): Error {
  const facts = restore(error);
  return errors.length === 0 ? facts : Object.assign(facts, { errors: errors.map(restore) });
}

function restore({ message, ...facts }: ErrorFacts): Error {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.assign(new Error(message), Object.fromEntries(known));
}

let shared: SocketBroker | undefined;

/** Returns this thread's broker; its worker starts at the first call. */
export function socketBroker(): SocketBroker {
  shared ??= new SocketBroker();
  return shared;
}
