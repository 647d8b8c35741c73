/**
 * The calling thread's side of the socket worker: sends it requests, and blocks until it answers.
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

/** A connected socket. This thread may use its descriptor until it gives the socket back. */
export interface ConnectedSocket extends Extract<WorkerReply, { kind: 'connected' }> {
  /** The broker that the socket is given back to. */
  readonly broker: SocketBroker;
}

/** How a socket is to be relayed. */
export type RelayRequest = Omit<
  Extract<WorkerRequest, { kind: 'relay' }>,
  'kind' | 'id' | 'memory' | 'authorities'
>;

/** Thrown for options that `tls.connect` refuses: a mistake of the caller. */
export class RefusedOptions extends Error {}

/** How long a thread that ends waits for peers to take what was sent to them, in ms. */
const MAX_EXIT_WAIT = 2000;
/** Rings kept for later connections at most. The worker collects garbage too rarely to be left all of them. */
const MAX_FREE_RINGS = 8;
/** How long one look for an answer waits, in ms. */
const LOOK_TIME = 250;
/**
 * After so many looks in a row without an answer, the worker is asked whether it is alive; after so many,
 * it is given up. Looks are counted and not time: a process that was stopped has missed only one look.
 */
const LOOKS_BEFORE_PING = 10;
const MAX_LOOKS = 20;

/** A connection whose socket the worker keeps, and what the worker reports of it unasked. */
interface Relayed {
  readonly rings: SharedRings;
  loss: Error | undefined;
  readonly onSession: (session: Buffer) => void;
}

/** Starts a socket worker, which lives as long as the thread, and sends it requests. */
export class SocketBroker {
  readonly #port: MessagePort;
  readonly #worker: Worker;
  /** Counts the worker's messages. With the first count the worker says that it is ready. */
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  /** The listeners of the sockets. They are told if the worker has ended, and the sockets with it. */
  readonly #listeners = new Map<number, (loss: Error) => void>();
  #loss: Error | undefined;
  readonly #relayed = new Map<number, Relayed>();
  /** Rings of connections that were given back, until the worker no longer uses them. */
  readonly #leaving = new Map<number, SharedRings>();
  /** Rings that nobody uses. */
  readonly #free: SharedRings[] = [];
  #isDrainedAtExit = false;
  /** The authorities trusted by default, as they were last sent to the worker. */
  #authorities: readonly string[] | undefined;
  #lastId = 0;

  /** @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no worker may be started */
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startWorker(port2, this.#signal);
    this.#worker.on('error', (cause) =>
      this.#giveUp(lossError(`it failed: ${cause.message}`, cause)),
    );
    this.#worker.on('exit', () => this.#giveUp(lossError('it has ended')));
  }

  /** Whether the worker has ended, so that another broker is needed. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /**
   * Connects; returns `undefined` if the deadline passes before.
   *
   * @param onResolved is called when the host's name is resolved, if the host is no address
   * @param onLost is called if the worker ends, and the socket with it: its descriptor must not be used then
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
    this.#listeners.set(id, onLost);
    return { ...(reply as Extract<WorkerReply, { kind: 'connected' }>), broker: this };
  }

  /** Sets whether calls on the socket's descriptor block. */
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
   * Has the worker keep the socket and relay its bytes; returns `undefined` if the deadline passes before.
   *
   * @param onSession is given each TLS session that can be resumed
   * @returns the server's certificate, whose identity the caller checks, unless a session was resumed
   * @throws the system's error, or that of TLS
   */
  relay(
    id: number,
    rings: SharedRings,
    request: RelayRequest,
    deadline: number,
    onSession: (session: Buffer) => void,
  ): { certificate: PeerCertificate | undefined } | undefined {
    if (!this.#isDrainedAtExit) process.once('exit', () => this.#drain(now() + MAX_EXIT_WAIT));
    this.#isDrainedAtExit = true;
    this.#relayed.set(id, { rings, loss: undefined, onSession });
    const latest = request.tls && defaultAuthorities();
    const authorities = latest === this.#authorities ? undefined : latest;
    if (authorities !== undefined) this.#authorities = authorities;
    this.#ask({ kind: 'relay', id, memory: rings.memory, authorities, ...request });
    return this.#await(id, deadline) as Extract<WorkerReply, { kind: 'relayed' }> | undefined;
  }

  /** Returns the worker as the channel of a relayed connection needs it. */
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
   * Gives a socket back, to be closed. Its descriptor must not be used after this.
   *
   * @param linger milliseconds before that in which what still comes is read and dropped
   */
  release(id: number, linger = 0): void {
    this.#listeners.delete(id);
    // TLS sessions that have come for the connection are taken now: it is forgotten next.
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
    let emptyLooks = 0;
    let heard = Atomics.load(this.#signal, 0);
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      if (seen !== heard) emptyLooks = 0;
      heard = seen;
      const reply = this.#receive();
      if (reply === undefined) {
        const left = deadline - now();
        if (left <= 0) return undefined;
        this.#checkLife(emptyLooks++);
        Atomics.wait(this.#signal, 0, seen, Math.min(left, LOOK_TIME));
      } else if (reply.id === id) {
        if (reply.kind === 'failed') throw toError(reply);
        if (reply.kind !== 'resolved') return reply;
        onResolved?.();
      }
      // Any other reply is for a call that has given up.
    }
  }

  /** @throws if the worker has been silent for so long that it must be dead */
  #checkLife(emptyLooks: number): void {
    if (emptyLooks === LOOKS_BEFORE_PING) this.#ask({ kind: 'ping' });
    if (emptyLooks < MAX_LOOKS) return;
    const seconds = (MAX_LOOKS * LOOK_TIME) / 1000;
    const isStarted = Atomics.load(this.#signal, 0) > 0;
    const error = isStarted
      ? lossError(`it has not answered for ${seconds} s`)
      : unsupported(`the worker thread that opens sockets did not start within ${seconds} s`);
    this.#giveUp(error);
    throw error;
  }

  /** Gives the worker up. Its sockets are closed, and their descriptors may soon have other owners. */
  #giveUp(loss: Error): void {
    if (this.#loss !== undefined) return;
    this.#loss = loss;
    this.#port.close();
    void this.#worker.terminate();
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const onLost of listeners) onLost(loss);
  }

  /** Waits until the system has all that was sent, since the worker ends with this thread. */
  #drain(deadline: number): void {
    for (const { rings } of this.#relayed.values()) {
      for (let left = 1; left > 0 && rings.unsent > 0; left = deadline - now()) {
        rings.awaitNews(rings.news, Math.min(left, 10));
      }
    }
  }

  /** Handles all messages that have come. Replies among them are for calls that have given up. */
  #receiveAll(): void {
    while (this.#receive() !== undefined) {
      // Each call handles what comes before the next reply.
    }
  }

  /** Handles the reports of the worker that have come, up to the next reply, and returns that. */
  #receive(): WorkerReply | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: WorkerReply } | undefined;
      const reply = received?.message;
      if (reply?.kind === 'lost') {
        const relayed = this.#relayed.get(reply.id);
        if (relayed !== undefined) relayed.loss = restoreError(reply.error);
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
    if (rings !== undefined && this.#free.length < MAX_FREE_RINGS) this.#free.push(rings);
  }
}

function toError({ error, errors, isRefusal }: Extract<WorkerReply, { kind: 'failed' }>): Error {
  if (isRefusal) return new RefusedOptions(error.message, { cause: restoreError(error) });
  if (errors.length === 0) return restoreError(error);
  return Object.assign(
    new AggregateError(errors.map(restoreError), error.message),
    error.properties,
  );
}

/** Makes the error for connections whose worker has ended. */
function lossError(reason: string, cause?: unknown): Error {
  return new Error(`the worker thread that owns the socket is lost: ${reason}`, { cause });
}

/** Starts the worker from its text: a bundle or an archive has no file of it, or none may be read. */
function startWorker(port: MessagePort, signal: Int32Array): Worker {
  try {
    const worker = new Worker(WORKER_SOURCE, {
      eval: true,
      name: 'wirespeed-sockets',
      workerData: { port, signal },
      transferList: [port],
      // Keeps preloads and NODE_OPTIONS out of this thread.
      execArgv: [],
      env: {},
    });
    worker.unref();
    return worker;
  } catch (cause) {
    // Node.js with `--permission` starts no worker without `--allow-worker`.
    throw unsupported(`no worker thread can be started: ${(cause as Error).message}`, cause);
  }
}

/** Classes that an error keeps on its way from the worker. Of any other it becomes an Error. */
const CLASSES: Readonly<Record<string, new (message: string) => Error>> = { TypeError, RangeError };

function restoreError({ message, name, properties }: ErrorFacts): Error {
  const Class = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  return Object.assign(new (Class ?? Error)(message), properties);
}

let shared: SocketBroker | undefined;

/**
 * Returns this thread's broker. The first call starts its worker; if that has ended, the next call starts another.
 *
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no worker may be started
 */
export function socketBroker(): SocketBroker {
  if (shared === undefined || shared.isLost) shared = new SocketBroker();
  return shared;
}
