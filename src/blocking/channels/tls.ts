/**
 * TLS on the calling thread: the engine of `node:tls` over a channel, without an event loop.
 *
 * The engine writes its ciphertext to a duplex stream, which queues it for the channel below. Ciphertext
 * that comes is emitted on the stream as `data`. So the engine does all its work inside these calls. Two
 * private names of Node.js complete a write of the stream at once; where one of them is missing,
 * MissingTlsNames is thrown.
 */
import { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { withGuards } from '../../dial/secure-options.ts';
import { now } from '../../transport/clock.ts';
import { nodeProcess } from '../../transport/node-globals.ts';
import { nodeTls } from '../../transport/node-tls.ts';
import { PollGate } from '../../transport/poll-gate.ts';
import { plainView } from '../calls/system-calls.ts';
import {
  AT_ONCE,
  type Channel,
  type ChannelListener,
  type Deadline,
  type ReceiveResult,
} from './channel.ts';

/** The wrapper that Node.js puts around a stream which is not a socket. */
interface StreamWrap {
  readonly _handle: object;
  finishWrite(handle: object, status: number): void;
}

/** The stream below the engine. What is written to it waits in `queue` for the channel below. */
class CipherStream extends Duplex {
  queue: Uint8Array[] = [];

  override write(chunk: Uint8Array): boolean {
    this.queue.push(chunk);
    return true;
  }

  override _read(): void {}

  /** Does nothing. Node.js would read in a later turn, but here the bytes are emitted. */
  override resume(): this {
    return this;
  }
}

/** Thrown where this version of Node.js lacks a private name that TLS on the calling thread takes. */
export class MissingTlsNames extends Error {}

/** The gate of the handshake, in which a server computes for longer than a poll lasts. */
const NO_POLL = new PollGate(0);

/** A TLS connection under blocking calls. */
export class TlsChannel implements Channel {
  readonly #below: Channel;
  readonly #listener: ChannelListener;
  readonly #cipher = new CipherStream();
  readonly #engine: TLSSocket;
  readonly #wrap: StreamWrap;
  readonly #options: ConnectionOptions;
  /** The error of the engine, until the call that caused it throws it. */
  #error: Error | undefined;
  #isSecure = false;
  #hasEnded = false;
  /** Whether plaintext has come since the last `receive` began. */
  #hasReceived = false;

  /**
   * @param makeBelow makes the channel below, whose listener takes the ciphertext
   * @param onSession is given each session of a verified server, for later connections to resume
   * @throws MissingTlsNames
   * @throws what `tls.connect` throws for wrong options
   */
  constructor(
    makeBelow: (listener: ChannelListener) => Channel,
    options: ConnectionOptions,
    listener: ChannelListener,
    onSession: (session: Buffer) => void,
  ) {
    this.#listener = listener;
    this.#options = options;
    this.#below = makeBelow((bytes, start, end) => this.#feed(bytes, start, end));
    const guarded = withGuards(options, (error) => {
      this.#error ??= error;
    });
    this.#engine = startEngine({ ...guarded, socket: this.#cipher });
    this.#wrap = streamWrap(this.#engine);
    this.#engine.push = (chunk: Buffer<ArrayBuffer> | null): boolean => {
      this.#take(chunk);
      return true;
    };
    // The engine destroys itself when it fails, and would emit the error in a later turn.
    this.#engine.destroy = (error?: Error): TLSSocket => {
      this.#error ??= error;
      return this.#engine;
    };
    this.#engine.on('error', (error: Error) => {
      this.#error ??= error;
    });
    this.#engine.on('session', (session) => {
      if (this.#engine.authorized) onSession(session);
    });
    this.#engine.once('secureConnect', () => {
      this.#isSecure = true;
    });
  }

  /**
   * Does the TLS handshake; false if the deadline passes before.
   *
   * @throws the engine's error, such as one for a certificate that it refuses
   */
  handshake(deadline: number): boolean {
    const until = (): number => deadline;
    if (!this.flush(until)) return false;
    while (!this.#isSecure) {
      const result = this.#below.receive(deadline, NO_POLL);
      this.#throwError();
      if (!this.flush(until) || result === 'timeout' || now() >= deadline) return false;
      if (result === 'end' && !this.#isSecure) throw this.#resetError();
    }
    return true;
  }

  /** Bytes of ciphertext that wait. */
  get pending(): number {
    return this.#cipher.queue.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get isHalfDone(): boolean {
    return this.#below.isHalfDone;
  }

  send(bytes: Uint8Array, deadline: Deadline): number {
    if (!this.flush(deadline)) return 0;
    // The engine encrypts at once, except while it renegotiates. What waits for it then must be a copy, since
    // the caller uses the memory again.
    const isWaiting = this.#engine.writableLength > 0;
    this.#engine.write(isWaiting ? Buffer.from(bytes) : bytes);
    this.#settle();
    this.#throwError();
    // All bytes are accepted: the engine has them, even if their ciphertext leaves later.
    this.flush(deadline);
    return bytes.length;
  }

  /** Sends the ciphertext that waits. What arrives meanwhile may add to it. */
  flush(deadline: Deadline): boolean {
    this.#settle();
    const { queue } = this.#cipher;
    for (let chunk = queue[0]; chunk !== undefined; chunk = queue[0]) {
      const sent = this.#below.send(chunk, deadline);
      if (sent < chunk.length) {
        queue[0] = chunk.subarray(sent);
        return false;
      }
      queue.shift();
      this.#settle();
    }
    return true;
  }

  receive(deadline: number, gate: PollGate): ReceiveResult {
    if (this.#hasEnded) return 'end';
    this.#hasReceived = false;
    for (;;) {
      const result = this.#below.receive(deadline, gate);
      this.#throwError();
      // The engine may have written an answer, to a key update or a renegotiation.
      this.flush(AT_ONCE);
      if (this.#hasReceived) return 'bytes';
      if (result === 'end') this.#hasEnded = true;
      if (this.#hasEnded) return 'end';
      // A peer may send records without plaintext for ever: the deadline holds for them too.
      if (result === 'timeout' || now() >= deadline) return 'timeout';
    }
  }

  end(): void {
    // The session has ended already. The peer is only told so, and an error of that does not matter.
    try {
      this.#engine.end();
      this.#settle();
      this.flush(AT_ONCE);
    } catch {
      this.#error = undefined;
    }
    this.#below.end();
  }

  #feed(bytes: Uint8Array, start: number, end: number): void {
    // The engine copies what it is given. But in the handshake it may call functions of the caller before it
    // does, and they may receive into the same memory.
    const cipher = bytes.subarray(start, end);
    this.#cipher.emit('data', this.#isSecure ? cipher : Buffer.from(cipher));
    this.#settle();
  }

  #take(plain: Buffer<ArrayBuffer> | null): void {
    if (plain === null) {
      this.#hasEnded = true;
      return;
    }
    this.#hasReceived = true;
    this.#listener(plainView(plain), 0, plain.length);
  }

  /** Tells the engine that its writes are done. It may write again at that. */
  #settle(): void {
    let length: number;
    do {
      length = this.#cipher.queue.length;
      this.#wrap.finishWrite(this.#wrap._handle, 0);
    } while (this.#cipher.queue.length > length);
  }

  /** Makes the error of Node.js for a connection that ends before its TLS handshake does. */
  #resetError(): Error {
    const message =
      'Client network socket disconnected before secure TLS connection was established';
    const { host, port } = this.#options;
    return Object.assign(new Error(message), { code: 'ECONNRESET', host, port });
  }

  #throwError(): void {
    const error = this.#error;
    if (error === undefined) return;
    this.#error = undefined;
    // The engine may have written an alert that tells the peer why.
    try {
      this.flush(AT_ONCE);
    } catch {
      // The connection is given up for the first error.
    }
    throw error;
  }
}

/**
 * Starts the engine, and drops the read that Node.js schedules for the next tick: here the bytes are
 * emitted. A thread that only makes blocking calls has no next tick, and the read would keep the engine
 * in memory for ever.
 */
function startEngine(options: ConnectionOptions): TLSSocket {
  const { nextTick } = nodeProcess;
  nodeProcess.nextTick = (callback: (...args: unknown[]) => void, ...args: unknown[]): void => {
    if (callback.name !== 'initRead') Reflect.apply(nextTick, nodeProcess, [callback, ...args]);
  };
  try {
    return nodeTls().connect(options);
  } finally {
    nodeProcess.nextTick = nextTick;
  }
}

function streamWrap(engine: TLSSocket): StreamWrap {
  const handle = (engine as unknown as { _handle?: { _parentWrap?: Partial<StreamWrap> } })._handle;
  const wrap = handle?._parentWrap;
  if (typeof wrap?.finishWrite !== 'function' || wrap._handle === undefined) {
    throw new MissingTlsNames();
  }
  return wrap as StreamWrap;
}
