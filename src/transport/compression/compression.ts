/**
 * The codecs of permessage-deflate over Node's zlib.
 *
 * A direction that keeps its history owns a zlib stream from its first compressed message on. A direction that forgets
 * its history borrows a stream for each message: all such connections of a thread share a few streams.
 */
import type { ResolvedDeflateOptions, SendOptions } from '../../options/options.ts';
import {
  type Compression,
  type DeflateParameters,
  type Deflater,
  type DeflateSettings,
  EMPTY_BLOCK,
  type Inflater,
} from '../../protocol/permessage-deflate.ts';
import { nodeProcess } from '../node-globals.ts';
import { JobLimit } from './job-limit.ts';
import { openDeflate, openInflate, type ZlibStream } from './zlib-stream.ts';

/** The shortest message that is compressed in the thread pool (bench/micro/deflate.mjs), in bytes. */
const MIN_DEFLATE_LATER = 16 * 1024;
/** Limits the jobs in Node's pool, which has four threads: file system and DNS need some of them. */
const jobs = new JobLimit(2);
/** How many free streams of one kind are kept. */
const MAX_FREE_STREAMS = 4;
/** Bytes of the first buffer for output. */
const FIRST_OUTPUT = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** Streams that are borrowed for one message each. */
class StreamPool {
  readonly #free = new Map<string, ZlibStream[]>();

  take(kind: string, open: () => ZlibStream): ZlibStream {
    return this.#free.get(kind)?.pop() ?? open();
  }

  give(kind: string, stream: ZlibStream): void {
    let free = this.#free.get(kind);
    if (free === undefined) {
      free = [];
      this.#free.set(kind, free);
    }
    if (stream.error !== undefined || free.length >= MAX_FREE_STREAMS) {
      stream.close();
      return;
    }
    stream.reset();
    free.push(stream);
  }
}

const pool = new StreamPool();

/** The stream of one direction: opened when it is needed, and kept or borrowed. */
class Codec {
  readonly #kind: string;
  readonly #isBorrowed: boolean;
  readonly #open: () => ZlibStream;
  #stream: ZlibStream | undefined;

  constructor(kind: string, isBorrowed: boolean, open: () => ZlibStream) {
    this.#kind = kind;
    this.#isBorrowed = isBorrowed;
    this.#open = open;
  }

  get stream(): ZlibStream {
    this.#stream ??= this.#isBorrowed ? pool.take(this.#kind, this.#open) : this.#open();
    return this.#stream;
  }

  endMessage(): void {
    if (this.#isBorrowed) this.release();
  }

  /** Forgets the history, if it is kept. */
  forget(): void {
    if (!this.#isBorrowed) this.#stream?.reset();
  }

  release(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return;
    if (this.#isBorrowed) pool.give(this.#kind, stream);
    else stream.close();
  }
}

let output: Uint8Array = NOTHING;

/** Compresses with zlib: at once, or in the thread pool. */
export class ZlibDeflater implements Deflater {
  readonly #codec: Codec;
  /** Whether a job in the thread pool is using the stream. */
  #isBusy = false;
  #isReleased = false;

  constructor(
    { noContextTakeover, windowBits }: DeflateParameters,
    level: number,
    memLevel: number,
  ) {
    // Raw streams of zlib have no window of 8 bits. With 9 bits zlib reaches back 250 bytes, less than 8 bits allow.
    const options = { windowBits: Math.max(9, windowBits), level, memLevel };
    const kind = `deflate ${options.windowBits} ${level} ${memLevel}`;
    this.#codec = new Codec(kind, noContextTakeover, () => openDeflate(options));
  }

  deflate(bytes: Uint8Array, isFinal: boolean): Uint8Array {
    if (this.#isBusy) throw new Error('a message is being compressed');
    const { stream } = this.#codec;
    if (output.length === 0) output = new Uint8Array(FIRST_OUTPUT);
    let length = 0;
    let offset = 0;
    do {
      if (length === output.length) {
        const grown = new Uint8Array(2 * output.length);
        grown.set(output);
        output = grown;
      }
      const room = output.length - length;
      stream.write(bytes, offset, bytes.length - offset, output, length, room);
      offset = bytes.length - stream.inputLeft;
      length += room - stream.roomLeft;
    } while (length === output.length);
    if (isFinal) this.#codec.endMessage();
    const deflated = isFinal ? withoutEmptyBlock(output, length) : output.subarray(0, length);
    // The buffer for one huge message is not kept.
    if (output.length > 16 * FIRST_OUTPUT) output = NOTHING;
    return deflated;
  }

  /** Compresses a message in the thread pool. No other message may be compressed meanwhile. */
  async deflateLater(bytes: Uint8Array): Promise<Uint8Array> {
    this.#isBusy = true;
    try {
      return await jobs.run(async () => {
        if (this.#isReleased) throw new Error('the connection has ended');
        const deflated = await this.#codec.stream.writeAsync(bytes);
        return withoutEmptyBlock(deflated, deflated.length);
      });
    } finally {
      this.#isBusy = false;
      if (this.#isReleased) this.#codec.release();
      else this.#codec.endMessage();
    }
  }

  /**
   * Forgets the history, since the last message will not be sent. The peer keeps its history and need not know: later
   * messages just do not refer to it.
   */
  forget(): void {
    this.#codec.forget();
  }

  release(): void {
    this.#isReleased = true;
    if (!this.#isBusy) this.#codec.release();
  }
}

/** Removes the empty block that zlib puts at the end. */
function withoutEmptyBlock(bytes: Uint8Array, length: number): Uint8Array {
  // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
  const end = length - EMPTY_BLOCK.length;
  const hasBlock = end >= 0 && EMPTY_BLOCK.every((byte, i) => bytes[end + i] === byte);
  const stop = hasBlock ? end : length;
  // RFC 7692 §7.2.3.6: an empty message is one octet, 0x00.
  return stop === 0 ? EMPTY_BLOCK.subarray(0, 1) : bytes.subarray(0, stop);
}

/** Decompresses with zlib, at once, and never more than there is room for. */
export class ZlibInflater implements Inflater {
  readonly #codec: Codec;
  #input: Uint8Array = NOTHING;
  /** Where the input began. */
  #first = 0;
  /** Where the input that zlib has not used yet begins and ends. */
  #start = 0;
  #end = 0;
  /** Whether a final block ended right before the last input. */
  #isAfterFinalBlock = false;

  constructor({ noContextTakeover, windowBits }: DeflateParameters) {
    const kind = `inflate ${windowBits}`;
    this.#codec = new Codec(kind, noContextTakeover, () => openInflate({ windowBits }));
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#input = bytes;
    this.#first = start;
    this.#start = start;
    this.#end = end;
    this.#isAfterFinalBlock = false;
  }

  read(bytes: Uint8Array, start: number, end: number): number {
    const last = end - 1;
    const to = this.#readUpTo(bytes, start, last);
    return to === last ? this.#readOne(bytes, last) : to;
  }

  endMessage(): void {
    this.#input = NOTHING;
    // RFC 7692 §7.2.3.4: after a final block the sender appends an octet, which the four octets put back complete to
    // an empty block. Without that octet they are no block, and must not run on into the next message.
    if (this.#isAfterFinalBlock) this.#codec.stream.reset();
    this.#codec.endMessage();
  }

  release(): void {
    this.#codec.release();
  }

  #readUpTo(bytes: Uint8Array, start: number, end: number): number {
    let to = start;
    while (to < end) {
      const from = this.#start;
      const made = this.#write(this.#end - from, bytes, to, end);
      if (made < 0) return -1;
      to += made;
      if (this.#start === this.#end) return to;
      // zlib has left input although there is room: it has met a final block.
      if (this.#start === from && made === 0) this.#beginAnew();
    }
    return to;
  }

  /**
   * Reads one byte, in steps that stop as soon as it comes out. When zlib meets bad data it does not say how much came
   * out before. Without the steps it would depend on the pieces of the input whether the byte counts.
   */
  #readOne(bytes: Uint8Array, at: number): number {
    for (;;) {
      const from = this.#start;
      // Without room for output zlib stops right before the byte.
      if (this.#write(this.#end - from, bytes, at, at) < 0) return -1;
      const made = this.#write(0, bytes, at, at + 1);
      if (made !== 0) return made < 0 ? -1 : at + 1;
      if (this.#start === this.#end) return at;
      // Input is left. In a stored block the byte is the next octet of it.
      const stored = this.#write(1, bytes, at, at + 1);
      if (stored !== 0) return stored < 0 ? -1 : at + 1;
      if (this.#start === from) this.#beginAnew();
    }
  }

  /** Gives zlib some of the input; returns how many bytes came out, or -1 for bad data. */
  #write(inputLength: number, bytes: Uint8Array, start: number, end: number): number {
    const { stream } = this.#codec;
    stream.write(this.#input, this.#start, inputLength, bytes, start, end - start);
    if (stream.error !== undefined) return -1;
    this.#start += inputLength - stream.inputLeft;
    return end - start - stream.roomLeft;
  }

  /** Resets the stream after a final block, so that it reads on (RFC 7692 §7.2.3.4). */
  #beginAnew(): void {
    this.#codec.stream.reset();
    this.#isAfterFinalBlock = this.#start === this.#first;
  }
}

/** Whether compression works on this version of Node.js, once that was tried. */
let isWorking: boolean | undefined;

/**
 * Returns the compression for a connection with these options; `undefined` without options, or if compression does
 * not work on this version of Node.js. That is tried once, before compression is negotiated, and warned of:
 * connections work without compression.
 */
export function compressionFor(
  options: ResolvedDeflateOptions | undefined,
): ZlibCompression | undefined {
  if (options === undefined) return undefined;
  isWorking ??= probe();
  return isWorking ? new ZlibCompression(options) : undefined;
}

function probe(): boolean {
  try {
    roundTrip(Uint8Array.from({ length: 64 }, (_, i) => i % 7));
    return true;
  } catch (error) {
    nodeProcess.emitWarning(
      `wirespeed: compression does not work on Node.js ${process.version} (${(error as Error).message}); connections do without it`,
      { code: 'WS_COMPRESSION_UNSUPPORTED' },
    );
    return false;
  }
}

/** Compresses a message and inflates it again, with the calls that connections make. */
function roundTrip(message: Uint8Array): void {
  const parameters = { noContextTakeover: false, windowBits: 15 };
  const deflater = new ZlibDeflater(parameters, -1, 8);
  const inflater = new ZlibInflater(parameters);
  try {
    const deflated = Uint8Array.of(...deflater.deflate(message, true), ...EMPTY_BLOCK);
    const inflated = new Uint8Array(2 * message.length);
    inflater.push(deflated, 0, deflated.length);
    const length = inflater.read(inflated, 0, inflated.length);
    if (length !== message.length || message.some((byte, i) => byte !== inflated[i])) {
      throw new Error('zlib inflates a message to other bytes than were deflated');
    }
  } finally {
    deflater.release();
    inflater.release();
  }
}

/** The compression of one connection. */
export class ZlibCompression implements Compression {
  readonly settings: DeflateSettings;
  readonly #level: number;
  readonly #memLevel: number;
  #deflater: ZlibDeflater | undefined;

  constructor({ level, memLevel, ...settings }: ResolvedDeflateOptions) {
    this.settings = settings;
    this.#level = level;
    this.#memLevel = memLevel;
  }

  createDeflater(parameters: DeflateParameters): Deflater {
    this.#deflater = new ZlibDeflater(parameters, this.#level, this.#memLevel);
    return this.#deflater;
  }

  createInflater(parameters: DeflateParameters): Inflater {
    return new ZlibInflater(parameters);
  }

  /**
   * Returns the deflater for a message of `size` bytes that is to be compressed in the thread pool; `undefined` if the
   * message is too short, or is not to be compressed.
   */
  deflaterFor(size: number, options: SendOptions | undefined): ZlibDeflater | undefined {
    if (options?.compress === false) return undefined;
    const isLongEnough = size >= Math.max(MIN_DEFLATE_LATER, this.settings.threshold);
    return isLongEnough ? this.#deflater : undefined;
  }
}
