/**
 * Makes a socket of a stream that is none: the stream that a test injects, or a tunnel inside another connection.
 */
import type { Duplex } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { clearTimeout, setTimeout } from './clock.ts';
import type { OwnSocket } from './socket.ts';

/** Milliseconds that a stream has to pass on its end before it is destroyed. */
const MAX_FINISHING = 1000;

/** A stream with what a driver needs of a socket. It has no addresses, and keeps no process alive. */
export class DuplexSocket implements OwnSocket {
  bytesRead = 0;
  bytesWritten = 0;
  /** What the stream threw in a write, if it did. */
  failure: unknown;
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get writableLength(): number {
    return this.#stream.writableLength;
  }

  write(bytes: Uint8Array, written?: (error?: Error | null) => void): unknown {
    this.bytesWritten += bytes.length;
    // A stream may keep what it is given, and the caller reuses its memory when `written` is called or, without that,
    // when nothing waits any more.
    const copy = Buffer.from(bytes);
    try {
      return this.#stream.write(copy, written);
    } catch (error) {
      // Many writes are made where nobody could catch it. As an error of the stream it ends the connection.
      this.failure ??= error;
      this.#stream.destroy(isNativeError(error) ? error : new Error(String(error)));
      return false;
    }
  }

  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  pause(): this {
    this.#stream.pause();
    return this;
  }

  resume(): this {
    this.#stream.resume();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    const stream = this.#stream;
    if (!stream.writableEnded || stream.writableFinished) {
      stream.destroy();
      return;
    }
    // A stream that is destroyed at once never passes on its end, and perhaps not its last bytes.
    const timer = setTimeout(() => stream.destroy(), MAX_FINISHING);
    timer.unref();
    stream.once('finish', () => {
      clearTimeout(timer);
      stream.destroy();
    });
  }
}
