/**
 * Node's zlib as calls that return their result: what its streams do one chunk at a time, done at
 * once, with the history kept from call to call, into memory of the caller's choice.
 *
 * The public ways are streams, which answer in a later turn, and one-shot calls, which forget the
 * history. The handle below a stream does both jobs; its names are not public, so they are looked
 * for first.
 */
import { isUint32Array } from 'node:util/types';
import type { createDeflateRaw, createInflateRaw, ZlibOptions } from 'node:zlib';

/** Loaded when it is needed only: most connections are not compressed. */
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');
/** zlib's Z_SYNC_FLUSH: all that was given is in the output, up to a byte boundary. */
const SYNC_FLUSH = 2;

/** The stream classes of `node:zlib`, as the two raw ones are used here. */
type RawStream = ReturnType<typeof createDeflateRaw> | ReturnType<typeof createInflateRaw>;

/** What is below a stream of `node:zlib`. */
interface ZlibHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  onerror(message: string, errorNumber: number, code: string): void;
}

/** A raw stream with what it has below. */
interface OpenStream {
  readonly _handle?: ZlibHandle | null;
  /** After a write: the room left in the output, and the input not yet used. */
  readonly _writeState?: Uint32Array;
}

/** One raw DEFLATE stream, in one direction, driven by calls. */
export class ZlibStream {
  readonly #stream: RawStream;
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  /** Why it failed, if it did; it is of no use then. */
  error: string | undefined;

  constructor(stream: RawStream) {
    const { _handle: handle, _writeState: state } = stream as unknown as OpenStream;
    if (typeof handle?.writeSync !== 'function' || !isUint32Array(state)) {
      throw new Error('its streams have no writeSync or no _writeState');
    }
    this.#stream = stream;
    this.#handle = handle;
    this.#state = state;
    handle.onerror = (message) => {
      this.error = message;
    };
    // What its asynchronous use meets is told to that use.
    stream.on('error', () => {});
  }

  /** Room left in the output by the last write. */
  get roomLeft(): number {
    return this.#state[0] as number;
  }

  /** Input that the last write did not use. */
  get inputLeft(): number {
    return this.#state[1] as number;
  }

  /** Feeds input, flushed to a byte boundary, and fills the output as far as it goes. */
  write(
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void {
    this.#handle.writeSync(
      SYNC_FLUSH,
      input,
      inputOffset,
      inputLength,
      output,
      outputOffset,
      outputLength,
    );
  }

  /** Does one write in the thread pool; rejected if the stream is closed before it is done. */
  writeAsync(input: Uint8Array): Promise<Uint8Array> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      const take = (piece: Buffer): void => void pieces.push(piece);
      const settle = (error?: Error): void => {
        stream.off('data', take);
        stream.off('close', abandon);
        if (error === undefined) resolve(Buffer.concat(pieces));
        else reject(error);
      };
      const abandon = (): void => settle(new Error('the compression was given up'));
      stream.on('data', take);
      stream.once('close', abandon);
      stream.write(input);
      stream.flush(SYNC_FLUSH, () => settle());
    });
  }

  /** Forgets the history. */
  reset(): void {
    this.#stream.reset();
  }

  /** Frees its memory. */
  close(): void {
    this.#stream.close();
  }
}

/** Opens a stream that compresses. */
export function openDeflate(options: ZlibOptions): ZlibStream {
  return new ZlibStream(zlib().createDeflateRaw(options));
}

/** Opens a stream that decompresses. */
export function openInflate(options: ZlibOptions): ZlibStream {
  return new ZlibStream(zlib().createInflateRaw(options));
}
