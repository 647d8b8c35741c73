/**
 * Node's zlib as calls that return their result. A stream keeps its history from call to call, and writes into memory
 * of the caller's choice.
 *
 * The public streams of `node:zlib` answer in a later turn, and its one-shot calls forget the history. The handle of a
 * stream does neither. Its names are not public, so the constructor checks that they are there.
 */
import { isUint32Array } from 'node:util/types';
import type { createDeflateRaw, createInflateRaw, ZlibOptions } from 'node:zlib';

/** Loads `node:zlib` when it is needed: most connections are not compressed. */
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');
/** zlib's Z_SYNC_FLUSH: puts all input into the output, and ends at a byte boundary. */
const SYNC_FLUSH = 2;

/** The stream classes of `node:zlib`, as the two raw ones are used here. */
type RawStream = ReturnType<typeof createDeflateRaw> | ReturnType<typeof createInflateRaw>;

/** The handle of a stream of `node:zlib`. */
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

/** The fields of a raw stream that are not public. */
interface OpenStream {
  readonly _handle?: ZlibHandle | null;
  /** After a write: how many bytes of room are left in the output, and how many of input. */
  readonly _writeState?: Uint32Array;
}

/** One raw DEFLATE stream, in one direction, driven by calls. */
export class ZlibStream {
  readonly #stream: RawStream;
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  /** Why the stream failed, if it did. It cannot be used any more then. */
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
    // An error of an asynchronous write rejects that write.
    stream.on('error', () => {});
  }

  /** Bytes of room that the last write has left in the output. */
  get roomLeft(): number {
    return this.#state[0] as number;
  }

  /** Bytes of input that the last write did not use. */
  get inputLeft(): number {
    return this.#state[1] as number;
  }

  /** Feeds input, and fills the output as far as it goes. */
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

  /** Does one write in the thread pool. Rejects if the stream is closed before it is done. */
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

  /** Frees the memory of the stream. */
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
