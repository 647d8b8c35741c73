/**
 * The thread's side of its socket worker: asks it, and blocks until it answers.
 */
import type { PeerCertificate } from 'node:tls';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { defaultAuthorities } from '../../dial/tls-conditions.ts';
import { now } from '../../transport/clock.ts';
import type { RelayWorker } from '../channels/relay.ts';
import { unsupported } from '../unsupported.ts';
import type { ErrorFacts, WorkerReply, WorkerRequest } from './messages.ts';
import { SharedRings } from './shared-ring.ts';
import { WORKER_SOURCE } from './source.ts';

/** A connected socket whose descriptor this thread may use until it gives it back. */
export interface ConnectedSocket extends Extract<WorkerReply, { kind: 'connected' }> {
  /** Whom to ask for it, and to give it back to. */
  readonly broker: SocketBroker;
}

/** What a relay is asked for. */
export type RelayRequest = Omit<
  Extract<WorkerRequest, { kind: 'relay' }>,
  'kind' | 'id' | 'memory' | 'authorities'
>;

/** The caller's mistake: options that `tls.connect` throws for. */
export class RefusedOptions extends Error {}

/** How long a thread that ends waits for peers to take what they were sent, in ms. */
const LONGEST_EXIT = 2000;
/** Rings kept for the next connections: the worker collects its garbage too rarely to be left so much of it. */
const RINGS_KEPT = 8;
/** How long one look for an answer waits, in ms. */
const LOOK = 250;
/**
 * After so many looks in vain, one after the other, the worker is asked whether it lives, and given up.
 * Looks are counted, not time: a process that was stopped for a while has lost one.
 */
const LOOKS_UNTIL_ASKED = 10;
const LOOKS_UNTIL_GIVEN_UP = 20;

/** A connection that the worker keeps, and what it tells of it without having been asked. */
interface Relayed {
  readonly rings: SharedRings;
  loss: Error | undefined;
  readonly onSession: (session: Buffer) => void;
}

/** Asks a socket worker of its own, started at the first call and never ended before the thread. */
export class SocketBroker {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  /** Counts what the worker has said: its first word is that it is ready. */
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  /** Who is told that the worker has ended, and with it the sockets. */
  readonly #owners = new Map<number, (loss: Error) => void>();
  #loss: Error | undefined;
  readonly #relayed = new Map<number, Relayed>();
  /** Rings of connections that were given back, until the worker is through with them; then free ones. */
  readonly #leaving = new Map<number, SharedRings>();
  readonly #free: SharedRings[] = [];
  #isDrainedAtExit = false;
  /** The authorities trusted by default, as the worker was told them last. */
  #authorities: readonly string[] | undefined;
  #lastId = 0;

  /** @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no worker may be started */
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startWorker(port2, this.#signal);
    this.#worker.on('error', (cause) => this.#giveUp(lost(`it failed: ${cause.message}`, cause)));
    this.#worker.on('exit', () => this.#giveUp(lost('it has ended')));
  }

  /** Whether the worker has ended: another is needed. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /**
   * Connects; `undefined` when the deadline has passed.
   *
   * @param onResolved is told that the name is resolved, if the host is one
   * @param onLost is told that the socket has ended with the worker: its descriptor must not be used any more
   * @throws the system's error
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` if the worker does not start
   */
  connect(
    address: Omit<Extract<WorkerRequest, { kind: 'connect' }>, 'kind' | 'id'>,
    deadline: number,
    onResolved: () => void,
    onLost: (loss: Error) => void,
  ): ConnectedSocket | undefined {
    const id = this.#nextId();
    this.#ask({ kind: 'connect', id, ...address });
    const reply = this.#await(id, deadline, onResolved);
    if (reply === undefined) {
      this.release(id);
      return undefined;
    }
    this.#owners.set(id, onLost);
    return { ...(reply as Extract<WorkerReply, { kind: 'connected' }>), broker: this };
  }

  /** Changes whether calls on the socket's descriptor block. */
  setBlocking(id: number, isBlocking: boolean): void {
    this.#ask({ kind: 'block', id, isBlocking });
    this.#await(id, Number.POSITIVE_INFINITY);
  }

  /** Returns rings that nobody uses. */
  takeRings(): SharedRings {
    this.#receiveAll();
    const rings = this.#free.pop() ?? new SharedRings();
    rings.reset();
    return rings;
  }

  /**
   * Has the worker keep the socket and relay its bytes; `undefined` when the deadline has passed.
   *
   * @param onSession is given each TLS session that can be resumed
   * @returns the certificate whose identity the caller has to check, unless a session was resumed
   * @throws the system's error, or that of TLS
   */
  relay(
    id: number,
    rings: SharedRings,
    request: RelayRequest,
    deadline: number,
    onSession: (session: Buffer) => void,
  ): { certificate: PeerCertificate | undefined } | undefined {
    if (!this.#isDrainedAtExit) process.once('exit', () => this.#drain(now() + LONGEST_EXIT));
    this.#isDrainedAtExit = true;
    this.#relayed.set(id, { rings, loss: undefined, onSession });
    const latest = request.tls && defaultAuthorities();
    const authorities = latest === this.#authorities ? undefined : latest;
    if (authorities !== undefined) this.#authorities = authorities;
    this.#ask({ kind: 'relay', id, memory: rings.memory, authorities, ...request });
    return this.#await(id, deadline) as Extract<WorkerReply, { kind: 'relayed' }> | undefined;
  }

  /** Returns what a relayed connection asks of the worker. */
  relayWorker(id: number): RelayWorker {
    return {
      wake: () => this.#ask({ kind: 'wake', id }),
      takeLoss: () => {
        this.#receiveAll();
        const relayed = this.#relayed.get(id);
        const loss = relayed?.loss;
        if (relayed !== undefined) relayed.loss = undefined;
        return loss;
      },
    };
  }

  /**
   * Gives a socket back, to be closed. Its descriptor must not be used any more.
   *
   * @param linger milliseconds in which what still comes is taken and dropped first
   */
  release(id: number, linger = 0): void {
    this.#owners.delete(id);
    // Sessions that have come for it are kept, before nobody asks for them.
    const relayed = this.#relayed.get(id);
    if (relayed !== undefined) {
      this.#receiveAll();
      this.#relayed.delete(id);
      this.#leaving.set(id, relayed.rings);
    }
    this.#ask({ kind: 'close', id, linger });
  }

  #nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  #ask(request: WorkerRequest): void {
    this.#port.postMessage(request);
  }

  #await(id: number, deadline: number, onResolved?: () => void): WorkerReply | undefined {
    let looksInVain = 0;
    let heard = Atomics.load(this.#signal, 0);
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      if (seen !== heard) looksInVain = 0;
      heard = seen;
      const reply = this.#receive();
      if (reply === undefined) {
        const left = deadline - now();
        if (left <= 0) return undefined;
        this.#checkLife(looksInVain++);
        Atomics.wait(this.#signal, 0, seen, Math.min(left, LOOK));
      } else if (reply.id === id) {
        if (reply.kind === 'failed') throw toError(reply);
        if (reply.kind !== 'resolved') return reply;
        onResolved?.();
      }
      // Anything else answers a call that had given up.
    }
  }

  /** @throws if the worker has been silent for so long that it must have ended */
  #checkLife(looksInVain: number): void {
    if (looksInVain === LOOKS_UNTIL_ASKED) this.#ask({ kind: 'ping' });
    if (looksInVain < LOOKS_UNTIL_GIVEN_UP) return;
    const seconds = (LOOKS_UNTIL_GIVEN_UP * LOOK) / 1000;
    const isStarted = Atomics.load(this.#signal, 0) > 0;
    const error = isStarted
      ? lost(`it has not answered for ${seconds} s`)
      : unsupported(`the worker thread that opens sockets did not start within ${seconds} s`);
    this.#giveUp(error);
    throw error;
  }

  /** Does without the worker from here on: its sockets are closed, and their descriptors may be others' soon. */
  #giveUp(loss: Error): void {
    if (this.#loss !== undefined) return;
    this.#loss = loss;
    this.#port.close();
    void this.#worker.terminate();
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    for (const onLost of owners) onLost(loss);
  }

  /** Waits until the system has all that was sent: with this thread, the worker ends as well. */
  #drain(deadline: number): void {
    for (const { rings } of this.#relayed.values()) {
      for (let left = 1; left > 0 && rings.unsent > 0; left = deadline - now()) {
        rings.awaitNews(rings.news, Math.min(left, 10));
      }
    }
  }

  /** Takes what has come. Answers among it are to calls that had given up. */
  #receiveAll(): void {
    while (this.#receive() !== undefined) {
      // Each call takes as much as it can.
    }
  }

  /** Takes what the worker says by itself, up to the next answer and with it. */
  #receive(): WorkerReply | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: WorkerReply } | undefined;
      const reply = received?.message;
      if (reply?.kind === 'lost') {
        const relayed = this.#relayed.get(reply.id);
        if (relayed !== undefined) relayed.loss = restore(reply.error);
      } else if (reply?.kind === 'freed') {
        this.#keepRings(reply.id);
      } else if (reply?.kind === 'session') {
        this.#relayed.get(reply.id)?.onSession(Buffer.from(reply.session));
      } else {
        return reply;
      }
    }
  }

  #keepRings(id: number): void {
    const rings = this.#leaving.get(id);
    this.#leaving.delete(id);
    if (rings !== undefined && this.#free.length < RINGS_KEPT) this.#free.push(rings);
  }
}

function toError({ error, errors, isRefusal }: Extract<WorkerReply, { kind: 'failed' }>): Error {
  if (isRefusal) return new RefusedOptions(error.message, { cause: restore(error) });
  if (errors.length === 0) return restore(error);
  return Object.assign(new AggregateError(errors.map(restore), error.message), error.properties);
}

/** Makes the error for what was left with a worker that has ended. */
function lost(reason: string, cause?: unknown): Error {
  return new Error(`the worker thread that owns the socket is lost: ${reason}`, { cause });
}

/** Starts the worker from its text: there may be no file beside a bundle, in an archive, or where none may be read. */
function startWorker(port: MessagePort, signal: Int32Array): Worker {
  try {
    const worker = new Worker(WORKER_SOURCE, {
      eval: true,
      name: 'wirespeed-sockets',
      workerData: { port, signal },
      transferList: [port],
      // Preloads and NODE_OPTIONS are not for this thread.
      execArgv: [],
      env: {},
    });
    worker.unref();
    return worker;
  } catch (cause) {
    // Under `--permission` it takes `--allow-worker`.
    throw unsupported(`no worker thread can be started: ${(cause as Error).message}`, cause);
  }
}

/** The language's classes of errors that an error can have. */
const CLASSES: Readonly<Record<string, new (message: string) => Error>> = { TypeError, RangeError };

function restore({ message, name, properties }: ErrorFacts): Error {
  const Class = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  return Object.assign(new (Class ?? Error)(message), properties);
}

let shared: SocketBroker | undefined;

/**
 * Returns this thread's broker; its worker starts at the first call, and another after the end of one.
 *
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no worker may be started
 */
export function socketBroker(): SocketBroker {
  if (shared === undefined || shared.isLost) shared = new SocketBroker();
  return shared;
}
