/**
 * Makes messages of data frames: fragmentation (RFC 6455 §5.4), compression (RFC 7692 §6.2),
 * UTF-8 (§8.1) and the limits.
 *
 * A message that arrives whole is handed on as it lies in the receive buffer. Only what arrives in
 * parts, or compressed, is put together in a buffer, which grows with what has come and never with
 * the length that a peer declares.
 */
import { MessageTooBigError, RemoteProtocolError, type WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { sharedBytePool } from './byte-pool.ts';
import { CloseCode } from './close-code.ts';
import { Opcode } from './frame.ts';
import { EMPTY_BLOCK, type Inflater } from './permessage-deflate.ts';
import { Utf8Validator } from './utf8-validator.ts';

/** Bytes that a message under assembly is given at first, if it declares as many. */
const INITIAL_CAPACITY = 64 * 1024;
/** Bytes that are made ready at least for what comes out of the inflater. */
const MIN_INFLATED = 1024;
/** How many times its compressed size a message may well have. */
const EXPECTED_RATIO = 4;
/** By how much, in proportion, DEFLATE may make data longer: fixed codes have up to nine bits. */
const MAX_DEFLATE_OVERHEAD = 1 / 8;

/** The part of a sink that is told of messages; a payload is valid until the call returns. */
export interface MessageSink {
  /** A message came, whole; text is valid UTF-8. `isOwn` says that `bytes` is the message, and the consumer's. */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  /** A data frame came, where frames are delivered instead of messages. */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
}

/** Fails the connection. */
export interface FailureConsumer {
  /** The peer broke a rule or passed a limit. */
  fail(error: WebSocketError): void;
}

/** Takes messages, and fails the connection. */
export interface MessageConsumer extends MessageSink, FailureConsumer {}

/** What a message may be. */
export interface MessageLimits {
  /** Most bytes of a message, inflated. */
  readonly maxMessageSize: number;
  /** Most fragments of a message. */
  readonly maxFragments: number;
  /** Most bytes of a text message, where that is less: a string has a longest length. */
  readonly maxTextSize?: number | undefined;
}

/** How messages are handed on. */
export interface MessageDelivery {
  /** Deliver data frames one by one instead of messages. */
  readonly deliversFrames: boolean;
  /** Hand binary messages that arrive in parts over to a sink that keeps them, with their memory. Default no. */
  readonly handsOver?: boolean;
}

/** Assembles the messages of one direction of one connection. */
export class MessageReader {
  readonly #kernels: Kernels;
  readonly #consumer: FailureConsumer;
  readonly #sink: MessageSink;
  readonly #limits: MessageLimits;
  /** Most bytes of the message under way. */
  #maxSize = 0;
  readonly #deliversFrames: boolean;
  readonly #handsOver: boolean;
  #inflater: Inflater | undefined;
  /** Whether a message is under way whose final fragment has not come. */
  #isFragmented = false;
  #isText = false;
  #isCompressed = false;
  /** Whether a compressed message has had any payload yet. */
  #hasPayload = false;
  /** Bytes in the fragments before the present one; for a compressed message, inflated ones. */
  #earlierLength = 0;
  #fragments = 0;
  /** The present frame. */
  #isFinal = false;
  #opcode: Opcode = Opcode.binary;
  #frameLength = 0;
  /** What has been put together. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Whether that buffer, if there is one, is the pool's. */
  #isPooled = true;
  #length = 0;
  #validator: Utf8Validator | undefined;

  /** Assembles messages for one consumer of all, or with a sink of its own for the messages. */
  constructor(
    kernels: Kernels,
    consumer: MessageConsumer,
    limits: MessageLimits,
    delivery: MessageDelivery,
  );
  constructor(
    kernels: Kernels,
    consumer: FailureConsumer,
    limits: MessageLimits,
    delivery: MessageDelivery,
    sink: MessageSink,
  );
  constructor(
    kernels: Kernels,
    consumer: FailureConsumer,
    limits: MessageLimits,
    delivery: MessageDelivery,
    sink: MessageSink = consumer as MessageConsumer,
  ) {
    this.#kernels = kernels;
    this.#consumer = consumer;
    this.#sink = sink;
    this.#limits = limits;
    this.#deliversFrames = delivery.deliversFrames;
    this.#handsOver = delivery.handsOver === true;
  }

  /** Inflates compressed messages from here on; before, there must be none. */
  useInflater(inflater: Inflater): void {
    this.#inflater = inflater;
  }

  /** Checks a data frame's header against the message under way; false if it was failed. */
  beginFrame(isFinal: boolean, opcode: number, length: number, isCompressed: boolean): boolean {
    if (opcode === Opcode.continuation) {
      if (!this.#isFragmented) {
        return this.#failOrder('a continuation frame without a message to continue');
      }
      this.#fragments++;
    } else {
      // RFC 6455 §5.4: the fragments of one message MUST NOT be interleaved with another's.
      if (this.#isFragmented) {
        return this.#failOrder('a new message inside a fragmented one');
      }
      this.#isText = opcode === Opcode.text;
      this.#maxSize = this.#isText ? maxTextSize(this.#limits) : this.#limits.maxMessageSize;
      this.#isCompressed = isCompressed;
      this.#hasPayload = false;
      this.#earlierLength = 0;
      this.#fragments = 1;
    }
    const { maxFragments } = this.#limits;
    // The bytes of a compressed frame are not kept: what comes out of them counts, while it does.
    const isTooLong = this.#isCompressed
      ? length > (1 + MAX_DEFLATE_OVERHEAD) * this.#maxSize + MIN_INFLATED
      : this.#earlierLength + length > this.#maxSize;
    if (isTooLong) return this.#failSize();
    if (this.#fragments > maxFragments) {
      return this.#failLimit(
        `a message of more than ${maxFragments} fragments, above maxFragments`,
        maxFragments,
      );
    }
    this.#isFinal = isFinal;
    this.#opcode = opcode as Opcode;
    this.#frameLength = length;
    return true;
  }

  /** Takes the whole payload of the present frame. */
  receivePayload(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isFinal && !this.#isFragmented && !this.#isCompressed) {
      if (this.#isText && !this.#kernels.isUtf8(bytes, start, end)) this.#failText();
      else this.#deliver(bytes, start, end, false);
      return;
    }
    this.receivePart(bytes, start, end, true);
  }

  /** Takes a part of the present frame's payload. */
  receivePart(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    if (this.#isCompressed) {
      this.#receiveCompressed(bytes, start, end, isLast);
      return;
    }
    if (this.#isText && !this.#isValidPart(bytes, start, end, isLast)) {
      this.#failText();
      return;
    }
    if (this.#deliversFrames && isLast && this.#length === 0) {
      this.#endFrame(bytes, start, end);
      return;
    }
    this.#append(bytes, start, end);
    if (isLast) this.#endFrame(this.#buffer ?? bytes, 0, this.#length);
  }

  /** Gives back what an unfinished message holds, and the inflater; nothing more may come. */
  release(): void {
    giveBack(this.#buffer, this.#isPooled);
    this.#buffer = undefined;
    this.#length = 0;
    this.#inflater?.release();
    this.#inflater = undefined;
  }

  /** Ends the present frame; `bytes[start, end)` is all there is to hand on, if it is handed on now. */
  #endFrame(bytes: Uint8Array, start: number, end: number): void {
    this.#earlierLength += this.#frameLength;
    this.#isFragmented = !this.#isFinal;
    if (this.#isFragmented && !this.#deliversFrames) return;
    // The buffer stays out of the pool until the consumer is through with it, who may release the
    // reader meanwhile.
    const buffer = this.#buffer;
    const isPooled = this.#isPooled;
    this.#buffer = undefined;
    this.#length = 0;
    this.#deliver(bytes, start, end, !isPooled && buffer?.length === end);
    giveBack(buffer, isPooled);
  }

  #deliver(bytes: Uint8Array, start: number, end: number, isOwn: boolean): void {
    if (this.#deliversFrames) {
      this.#sink.onFrame(this.#isFinal, this.#opcode, bytes, start, end);
    } else {
      this.#sink.onMessage(bytes, start, end, this.#isText, isOwn);
    }
  }

  /** Takes a part of a compressed frame's payload: what counts is what comes out of it. */
  #receiveCompressed(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const inflater = this.#inflater as Inflater;
    if (!this.#inflate(bytes, start, end)) return;
    if (start < end) this.#hasPayload = true;
    if (isLast && this.#isFinal) {
      // RFC 7692 §7.2.2: the empty block that the sender left out. A payload of no bytes at all, in
      // place of one zero byte (§7.2.3.6), lacks the beginning of the block as well.
      if (this.#hasPayload && !this.#inflate(EMPTY_BLOCK, 0, EMPTY_BLOCK.length)) return;
      inflater.endMessage();
      if (this.#isText && !(this.#validator as Utf8Validator).finish()) {
        this.#failText();
        return;
      }
    }
    if (!isLast) return;
    this.#frameLength = this.#deliversFrames ? this.#length : 0;
    this.#endFrame(this.#buffer as Uint8Array, 0, this.#length);
  }

  /** Inflates bytes to the end of the buffer; false if that failed the connection. */
  #inflate(bytes: Uint8Array, start: number, end: number): boolean {
    const inflater = this.#inflater as Inflater;
    // One byte more than is allowed, to see that there is more.
    const maxLength = this.#maxSize - this.#earlierLength + 1;
    inflater.push(bytes, start, end);
    let expected = EXPECTED_RATIO * (end - start);
    for (;;) {
      this.#reserve(Math.min(maxLength, this.#length + Math.max(MIN_INFLATED, expected)));
      const buffer = this.#buffer as Uint8Array;
      const from = this.#length;
      const limit = Math.min(maxLength, buffer.length);
      const to = inflater.read(buffer, from, limit);
      if (to < 0) {
        this.#failDeflate();
        return false;
      }
      this.#length = to;
      // The text up to the limit first: in any pieces, the fault that comes first is the one told.
      if (this.#isText && !this.#isValidText(buffer, from, Math.min(to, maxLength - 1))) {
        this.#failText();
        return false;
      }
      if (to === maxLength) {
        this.#failSize();
        return false;
      }
      if (to < limit) return true;
      expected = to;
    }
  }

  #isValidPart(bytes: Uint8Array, start: number, end: number, isLast: boolean): boolean {
    if (!this.#isValidText(bytes, start, end)) return false;
    return !(isLast && this.#isFinal) || (this.#validator as Utf8Validator).finish();
  }

  #isValidText(bytes: Uint8Array, start: number, end: number): boolean {
    this.#validator ??= new Utf8Validator(this.#kernels);
    return this.#validator.push(bytes, start, end);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const length = this.#length + end - start;
    this.#reserve(length);
    (this.#buffer as Uint8Array).set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** Makes room for `length` bytes, and for more only in proportion to what has arrived. */
  #reserve(length: number): void {
    const ahead = Math.max(INITIAL_CAPACITY, 2 * length);
    const isPooled = !this.#isHandedOver(ahead);
    const hasRoom = this.#buffer !== undefined && this.#buffer.length >= length;
    if (hasRoom && this.#isPooled === isPooled) return;
    const size = Math.max(length, Math.min(this.#expectedLength(length), ahead));
    const grown = isPooled ? sharedBytePool.take(size) : this.#kernels.createBytes(size);
    if (this.#buffer !== undefined) grown.set(this.#buffer.subarray(0, this.#length));
    giveBack(this.#buffer, this.#isPooled);
    this.#buffer = grown;
    this.#isPooled = isPooled;
  }

  /** Whether the message is to be handed over, and so much room is enough for all of it. */
  #isHandedOver(room: number): boolean {
    if (!this.#handsOver || this.#isText || this.#isCompressed) return false;
    return this.#isFinal && !this.#isFragmented && this.#frameLength <= room;
  }

  /** What the buffer will have to hold, as far as it is known when `length` bytes have come. */
  #expectedLength(length: number): number {
    // Nobody knows what is to come out of the inflater.
    if (this.#isCompressed) return Math.min(2 * this.#length, this.#maxSize + 1);
    if (this.#deliversFrames) return this.#frameLength;
    const declared = this.#earlierLength + this.#frameLength;
    if (this.#isFinal) return declared;
    // More fragments follow: doubling keeps the copying in proportion to the message.
    return Math.max(declared, Math.min(2 * length, this.#maxSize));
  }

  #failOrder(what: string): false {
    this.#consumer.fail(
      new RemoteProtocolError(`the peer sent ${what} (RFC 6455 §5.4)`, CloseCode.protocolError),
    );
    return false;
  }

  #failSize(): false {
    const limit = this.#maxSize;
    const isUsual = limit === this.#limits.maxMessageSize;
    return this.#failLimit(
      isUsual
        ? `a message of more than ${limit} bytes, above maxMessageSize`
        : `a text message of more than ${limit} bytes, more than a string can hold`,
      limit,
    );
  }

  #failLimit(what: string, limit: number): false {
    this.#consumer.fail(new MessageTooBigError(`the peer sent ${what}`, limit));
    return false;
  }

  #failText(): void {
    this.#consumer.fail(
      new RemoteProtocolError(
        'the peer sent text that is not UTF-8 (RFC 6455 §8.1)',
        CloseCode.invalidPayload,
      ),
    );
  }

  #failDeflate(): void {
    this.#consumer.fail(
      new RemoteProtocolError(
        'the peer sent a compressed message that is not DEFLATE (RFC 7692 §7.2.2)',
        CloseCode.invalidPayload,
      ),
    );
  }
}

function giveBack(buffer: Uint8Array<ArrayBuffer> | undefined, isPooled: boolean): void {
  if (buffer !== undefined && isPooled) sharedBytePool.give(buffer);
}

function maxTextSize({
  maxMessageSize,
  maxTextSize: limit = maxMessageSize,
}: MessageLimits): number {
  return Math.min(maxMessageSize, limit);
}
