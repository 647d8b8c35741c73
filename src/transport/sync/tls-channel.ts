/**
 * TLS on the calling thread: the engine of `node:tls` over a channel, without an event loop.
 *
 * The engine stands on a duplex stream whose `write` keeps the ciphertext for the channel below,
 * and is fed by emitting `data` on it: all it does, it does inside these calls. Two names of
 * Node.js are used that are not public, to settle the stream's write at once; where they are
 * missing this says so.
 */
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { WebSocketError } from '../../errors.ts';
import { now } from '../clock.ts';
import type { Channel, ChannelReader, ReceiveResult } from './channel.ts';

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
}

/** A TLS connection under blocking calls. */
export class TlsChannel implements Channel {
  readonly #below: Channel;
  readonly #reader: ChannelReader;
  readonly #cipher = new CipherStream();
  readonly #engine: TLSSocket;
  readonly #wrap: StreamWrap;
  /** An error of the engine, kept until the call that caused it can throw it. */
  #error: Error | undefined;
  #isSecure = false;
  #hasEnded = false;
  /** Whether plaintext has come since it was last asked. */
  #hasReceived = false;

  /**
   * @param makeBelow makes the channel below, given who takes its ciphertext
   * @throws what `tls.connect` throws for wrong options
   */
  constructor(
    makeBelow: (reader: ChannelReader) => Channel,
    options: ConnectionOptions,
    reader: ChannelReader,
  ) {
    this.#reader = reader;
    this.#below = makeBelow((bytes, start, end) => this.#feed(bytes, start, end));
    this.#engine = connect({ ...options, socket: this.#cipher });
    this.#wrap = streamWrap(this.#engine);
    this.#engine.push = (chunk: Uint8Array | null): boolean => {
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
    if (!this.#sendCipher(deadline)) return false;
    while (!this.#isSecure) {
      const result = this.#below.receive(deadline, 0);
      this.#throwError();
      if (!this.#sendCipher(deadline) || result === 'timeout' || now() >= deadline) return false;
      if (result === 'end' && !this.#isSecure) {
        throw Object.assign(
          new Error('the server closed the connection during the TLS handshake'),
          {
            code: 'ECONNRESET',
          },
        );
      }
    }
    return true;
  }

  send(bytes: Uint8Array, deadline: number): boolean {
    // The engine may keep a reference until its next write; the caller's memory is used again.
    this.#engine.write(Buffer.from(bytes));
    this.#settle();
    this.#throwError();
    return this.#sendCipher(deadline);
  }

  receive(deadline: number, spin: number): ReceiveResult {
    if (this.#hasEnded) return 'end';
    this.#hasReceived = false;
    for (;;) {
      const result = this.#below.receive(deadline, spin);
      this.#throwError();
      // The engine may have an answer of its own: a key update, a renegotiation.
      this.#sendCipher(deadline);
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
      this.#sendCipher(0);
    } catch {
      this.#error = undefined;
    }
    this.#below.end();
  }

  #feed(bytes: Uint8Array, start: number, end: number): void {
    // The engine decrypts at once, but may keep what it cannot use yet.
    this.#cipher.emit('data', Buffer.from(bytes.subarray(start, end)));
    this.#settle();
  }

  #take(plain: Uint8Array | null): void {
    if (plain === null) {
      this.#hasEnded = true;
      return;
    }
    this.#hasReceived = true;
    this.#reader(plain, 0, plain.length);
  }

  /** Tells the engine that its writes are done; each may bring forth another. */
  #settle(): void {
    let length: number;
    do {
      length = this.#cipher.queue.length;
      this.#wrap.finishWrite(this.#wrap._handle, 0);
    } while (this.#cipher.queue.length > length);
  }

  /** Sends the ciphertext that waits. What arrives meanwhile may add to it. */
  #sendCipher(deadline: number): boolean {
    this.#settle();
    for (let chunk = this.#cipher.queue.shift(); chunk; chunk = this.#cipher.queue.shift()) {
      if (!this.#below.send(chunk, deadline)) return false;
      this.#settle();
    }
    return true;
  }

  #throwError(): void {
    const error = this.#error;
    if (error === undefined) return;
    this.#error = undefined;
    // An alert may say why to the peer.
    try {
      this.#sendCipher(0);
    } catch {
      // The connection is given up in any case, for the first reason.
    }
    throw error;
  }
}

function streamWrap(engine: TLSSocket): StreamWrap {
  const handle = (engine as unknown as { _handle?: { _parentWrap?: Partial<StreamWrap> } })._handle;
  const wrap = handle?._parentWrap;
  if (typeof wrap?.finishWrite !== 'function' || wrap._handle === undefined) {
    throw new WebSocketError(
      'WS_SYNC_UNSUPPORTED',
      `wirespeed/sync cannot do TLS on Node.js ${process.version}; use the async face for wss:`,
    );
  }
  return wrap as StreamWrap;
}
