/**
 * TLS on the calling thread: the engine of `node:tls` over a channel, without an event loop.
 *
 * The engine stands on a duplex stream whose `write` keeps the ciphertext for the channel below,
 * and is fed by emitting `data` on it: all it does, it does inside these calls. Two names of
 * Node.js are used that are not public, to settle the stream's write at once; where they are
 * missing this says so.
 */
import { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { withGuards } from '../../dial/secure-options.ts';
import { now } from '../../transport/clock.ts';
import { nodeProcess } from '../../transport/node-globals.ts';
import { nodeTls } from '../../transport/node-tls.ts';
import { SpinGate } from '../../transport/spin-gate.ts';
import { plainView } from '../calls/system-calls.ts';
import {
  AT_ONCE,
  type Channel,
  type ChannelReader,
  type Deadline,
  type ReceiveResult,
} from './channel.ts';

/** The wrapper that Node.js puts around a stream which is not a socket. */
interface StreamWrap {
  readonly _handle: object;
  finishWrite(handle: object, status: number): void;
}

/** The stream below the engine: what is written to it waits in `queue`. */
class CipherStream extends Duplex {
  queue: Uint8Array[] = [];

  override write(chunk: Uint8Array): boolean {
    this.queue.push(chunk);
    return true;
  }

  override _read(): void {}

  /** Leaves nothing for a later turn: it is fed by hand. */
  override resume(): this {
    return this;
  }
}

/** Thrown where this version of Node.js has not got what TLS on the calling thread takes. */
export class MissingTlsNames extends Error {}

/** What the handshake waits with: servers compute for longer than anybody should spin. */
const PATIENT = new SpinGate(0);

/** A TLS connection under blocking calls. */
export class TlsChannel implements Channel {
  readonly #below: Channel;
  readonly #reader: ChannelReader;
  readonly #cipher = new CipherStream();
  readonly #engine: TLSSocket;
  readonly #wrap: StreamWrap;
  readonly #options: ConnectionOptions;
  /** An error of the engine, kept until the call that caused it can throw it. */
  #error: Error | undefined;
  #isSecure = false;
  #hasEnded = false;
  /** Whether plaintext has come since it was last asked. */
  #hasReceived = false;

  /**
   * @param makeBelow makes the channel below, given who takes its ciphertext
   * @param onSession is given each session that a later connection can resume, of a verified server
   * @throws MissingTlsNames
   * @throws what `tls.connect` throws for wrong options
   */
  constructor(
    makeBelow: (reader: ChannelReader) => Channel,
    options: ConnectionOptions,
    reader: ChannelReader,
    onSession: (session: Buffer) => void,
  ) {
    this.#reader = reader;
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
    // The engine destroys itself when it fails, and would tell in a later turn only.
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
   * Does the TLS handshake; false if the deadline passed before.
   *
   * @throws the engine's error, for a certificate that is refused among others
   */
  handshake(deadline: number): boolean {
    const until = (): number => deadline;
    if (!this.flush(until)) return false;
    while (!this.#isSecure) {
      const result = this.#below.receive(deadline, PATIENT);
      this.#throwError();
      if (!this.flush(until) || result === 'timeout' || now() >= deadline) return false;
      if (result === 'end' && !this.#isSecure) throw this.#resetError();
    }
    return true;
  }

  /** The ciphertext that waits. */
  get pending(): number {
    return this.#cipher.queue.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get isHalfDone(): boolean {
    return this.#below.isHalfDone;
  }

  send(bytes: Uint8Array, deadline: Deadline): number {
    if (!this.flush(deadline)) return 0;
    // The engine encrypts at once. While it renegotiates it cannot: what waits for it must be a copy, since the
    // caller's memory is used again.
    const isWaiting = this.#engine.writableLength > 0;
    this.#engine.write(isWaiting ? Buffer.from(bytes) : bytes);
    this.#settle();
    this.#throwError();
    // The engine has taken the bytes, whether their ciphertext leaves in time or later.
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

  receive(deadline: number, gate: SpinGate): ReceiveResult {
    if (this.#hasEnded) return 'end';
    this.#hasReceived = false;
    for (;;) {
      const result = this.#below.receive(deadline, gate);
      this.#throwError();
      // The engine may have an answer of its own: a key update, a renegotiation.
      this.flush(AT_ONCE);
      if (this.#hasReceived) return 'bytes';
      if (result === 'end') this.#hasEnded = true;
      if (this.#hasEnded) return 'end';
      // Records without a byte of plaintext may come without end.
      if (result === 'timeout' || now() >= deadline) return 'timeout';
    }
  }

  end(): void {
    // Only a courtesy to the peer: whoever sends has closed already.
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
    // The engine copies what it is fed, but in the handshake it may ask the caller's functions meanwhile, which may
    // receive into the same memory.
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
    this.#reader(plainView(plain), 0, plain.length);
  }

  /** Tells the engine that its writes are done; each may bring forth another. */
  #settle(): void {
    let length: number;
    do {
      length = this.#cipher.queue.length;
      this.#wrap.finishWrite(this.#wrap._handle, 0);
    } while (this.#cipher.queue.length > length);
  }

  /** The error that Node.js itself has for it. */
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
    // An alert may say why to the peer.
    try {
      this.flush(AT_ONCE);
    } catch {
      // The connection is given up in any case, for the first reason.
    }
    throw error;
  }
}

/**
 * Starts the engine without the read that Node.js would have in the next turn: it is fed by hand, and
 * a thread that has no turns would keep what waits for one for ever, with all that the engine holds.
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
