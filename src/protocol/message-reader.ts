/**
 * Makes messages of data frames, and enforces the rules for a whole message: fragmentation
 * (RFC 6455 §5.4), UTF-8 (RFC 6455 §8.1), compression (RFC 7692 §6.2) and the limits.
 *
 * A message that arrives whole is handed on where it lies in the receive buffer. A message that
 * arrives in parts, or compressed, is assembled in a buffer of its own. That buffer grows with what
 * has arrived, never with the length that the peer declares.
 */
import { MessageTooBigError, RemoteProtocolError, type WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { sharedBytePool } from './byte-pool.ts';
import { CloseCode } from './close-code.ts';
import { Opcode } from './frame.ts';
import { EMPTY_BLOCK, type Inflater } from './permessage-deflate.ts';
import { Utf8Validator } from './utf8-validator.ts';

/** Size of a message's first buffer, unless the message declares less. */
const INITIAL_CAPACITY = 64 * 1024;
/** Least room in the buffer for what the inflater writes. */
const MIN_INFLATED = 1024;
/** How many times its compressed size a message is expected to have. */
const EXPECTED_RATIO = 4;
/** Most that DEFLATE adds to data, in proportion: its fixed codes have up to nine bits for a byte. */
const MAX_DEFLATE_OVERHEAD = 1 / 8;

/** The part of a sink that takes messages. A payload is valid until the call returns. */
export interface MessageSink {
  /**
   * A whole message arrived. Text is valid UTF-8.
   *
   * @param isOwn whether `bytes` is this message and no more, and the sink may keep it
   */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  /** A data frame arrived. Called instead of `onMessage` if frames are delivered one by one. */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
}

/** Fails the connection. */
export interface FailureConsumer {
  /** The peer broke a rule or exceeded a limit. */
  fail(error: WebSocketError): void;
}

/** Takes messages, and fails the connection. */
export interface MessageConsumer extends MessageSink, FailureConsumer {}

/** Limits of a message that arrives. */
export interface MessageLimits {
  /** Most bytes of a message; of a compressed one, most inflated bytes. */
  readonly maxMessageSize: number;
  /** Most fragments of a message. */
  readonly maxFragments: number;
  /** Most bytes of a text message, if that is less: the length of a JavaScript string is limited. */
  readonly maxTextSize?: number | undefined;
}

/** How messages are handed on. */
export interface MessageDelivery {
  /** Deliver data frames one by one instead of messages. */
  readonly deliversFrames: boolean;
  /** Assemble binary messages in memory that the sink may keep (see `isOwn`). Default `false`. */
  readonly handsOver?: boolean;
}

/** Assembles the messages of one direction of one connection. */
export class MessageReader {
  readonly #kernels: Kernels;
  readonly #consumer: FailureConsumer;
  readonly #sink: MessageSink;
  readonly #limits: MessageLimits;
  /** Most bytes that the current message may have. */
  #maxSize = 0;
  readonly #deliversFrames: boolean;
  readonly #handsOver: boolean;
  #inflater: Inflater | undefined;
  /** Whether a message has begun whose final fragment has not arrived. */
  #isFragmented = false;
  #isText = false;
  #isCompressed = false;
  /** Whether any payload of the current compressed message has arrived. */
  #hasPayload = false;
  /** Bytes of the current message's earlier fragments, without inflated ones that are still in the buffer. */
  #earlierLength = 0;
  #fragments = 0;
  // The current frame.
  #isFinal = false;
  #opcode: Opcode = Opcode.binary;
  #frameLength = 0;
  /** What has been assembled of the current message, or of the current frame if frames are delivered. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Whether that buffer belongs to the pool. */
  #isPooled = true;
  /** How many bytes of it are filled. */
  #length = 0;
  #validator: Utf8Validator | undefined;

  /** Gives messages to `sink`, or to the consumer if there is none. */
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

  /** Sets the inflater. Without one, no frame may be compressed. */
  useInflater(inflater: Inflater): void {
    this.#inflater = inflater;
  }

  /** Checks a data frame's header against the current message; false if that failed the connection. */
  beginFrame(isFinal: boolean, opcode: number, length: number, isCompressed: boolean): boolean {
    if (opcode === Opcode.continuation) {
      // RFC 6455 §5.4: a message begins with "an opcode other than 0".
      if (!this.#isFragmented) {
        return this.#failOrder('a continuation frame without a message to continue');
      }
      this.#fragments++;
    } else {
      // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments
      // of another message".
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
    // A compressed frame may be somewhat longer than the message that comes out of it. The inflated
    // bytes are counted while they come out.
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

  /** Takes the whole payload of the current frame. */
  receivePayload(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isFinal && !this.#isFragmented && !this.#isCompressed) {
      if (this.#isText && !this.#kernels.isUtf8(bytes, start, end)) this.#failText();
      else this.#deliver(bytes, start, end, false);
      return;
    }
    this.receivePart(bytes, start, end, true);
  }

  /** Takes the next part of the current frame's payload. */
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

  /** Gives back the buffer of an unfinished message, and the inflater. Nothing may be received afterwards. */
  release(): void {
    giveBack(this.#buffer, this.#isPooled);
    this.#buffer = undefined;
    this.#length = 0;
    this.#inflater?.release();
    this.#inflater = undefined;
  }

  /** Ends the current frame. Delivers `bytes[start, end)` if it completes a message, or is delivered as a frame. */
  #endFrame(bytes: Uint8Array, start: number, end: number): void {
    this.#earlierLength += this.#frameLength;
    this.#isFragmented = !this.#isFinal;
    if (this.#isFragmented && !this.#deliversFrames) return;
    // The pool gets the buffer back after the sink has used it. The field is cleared before, because
    // the sink may release the reader, which gives back what the field holds.
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

  /** Takes the next part of a compressed frame's payload. */
  #receiveCompressed(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const inflater = this.#inflater as Inflater;
    if (!this.#inflate(bytes, start, end)) return;
    if (start < end) this.#hasPayload = true;
    if (isLast && this.#isFinal) {
      // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the
      // message." They complete a block whose beginning the payload holds. A payload of no bytes
      // (§7.2.3.6 asks for one zero byte) holds no such beginning.
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

  /** Inflates bytes and appends them to the buffer; false if that failed the connection. */
  #inflate(bytes: Uint8Array, start: number, end: number): boolean {
    const inflater = this.#inflater as Inflater;
    // With room for one byte above the limit, a message that exceeds the limit shows it.
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
      // The text up to the limit is checked before the limit. So the fault that comes first in the
      // message is the one reported, whatever pieces the message arrives in.
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

  /** Whether the sink may keep the message's buffer, and `room` bytes hold the whole message. */
  #isHandedOver(room: number): boolean {
    if (!this.#handsOver || this.#isText || this.#isCompressed) return false;
    return this.#isFinal && !this.#isFragmented && this.#frameLength <= room;
  }

  /** Returns how many bytes the buffer is expected to hold in the end, when it has to hold `length` now. */
  #expectedLength(length: number): number {
    // How much comes out of the inflater is not known: the buffer doubles.
    if (this.#isCompressed) return Math.min(2 * this.#length, this.#maxSize + 1);
    if (this.#deliversFrames) return this.#frameLength;
    const declared = this.#earlierLength + this.#frameLength;
    if (this.#isFinal) return declared;
    // More fragments follow. Doubling the buffer keeps the copying in proportion to the message.
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

  /** RFC 6455 §8.1: if text is not valid UTF-8, "that endpoint MUST _Fail the WebSocket Connection_." */
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
