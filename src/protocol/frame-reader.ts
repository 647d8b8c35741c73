/**
 * Reads frames from bytes that arrive in any pieces (RFC 6455 §5.2), enforcing what can be said
 * of a frame alone. Payloads are unmasked in place and handed on without a copy.
 */
import { RemoteProtocolError, type WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { CloseCode } from './close-code.ts';
import { MAX_CONTROL_PAYLOAD, MAX_HEADER_LENGTH, Opcode, RSV1 } from './frame.ts';

/** Makes messages of data frames. */
export interface DataFrameConsumer {
  /** A data frame begins; false fails it, the consumer having said why by itself. */
  beginFrame(isFinal: boolean, opcode: number, length: number, isCompressed: boolean): boolean;
  /** The frame's payload as a whole. */
  receivePayload(bytes: Uint8Array, start: number, end: number): void;
  /** A part of the frame's payload, in order; the last part completes it. */
  receivePart(bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
}

/** Decides how far frames are read, and takes the control frames. */
export interface ControlFrameConsumer {
  /** True while no further frame is wanted: paused, failed or closed. */
  readonly isHalted: boolean;
  /** A control frame came, whole. */
  receiveControl(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  /** The peer broke a rule; nothing more is to be read. */
  fail(error: WebSocketError): void;
}

/** Takes all frames. */
export interface FrameConsumer extends DataFrameConsumer, ControlFrameConsumer {}

const RESERVED_BITS = 0x70;

/** Where the reader stands in the stream. */
const Position = { header: 0, payload: 1 } as const;

/** An incremental frame reader for one direction of one connection. */
export class FrameReader {
  readonly #kernels: Kernels;
  readonly #consumer: ControlFrameConsumer;
  readonly #data: DataFrameConsumer;
  /** RFC 6455 §5.1: a server takes only masked frames, a client only unmasked ones. */
  readonly #expectsMask: boolean;
  /** Whether compression was agreed on: a message's first frame may have RSV1 then. */
  allowsCompression = false;
  #position: 0 | 1 = Position.header;
  /** A header of which only some bytes have arrived. */
  #head: Uint8Array | undefined;
  #headLength = 0;
  #opcode = 0;
  #key = 0;
  #payloadLength = 0;
  #payloadRead = 0;
  /** The payload of a control frame that arrives in parts. */
  #control: Uint8Array | undefined;

  /** Reads frames for one consumer of all, or with another one for the data frames. */
  constructor(kernels: Kernels, consumer: FrameConsumer, expectsMask: boolean);
  constructor(
    kernels: Kernels,
    consumer: ControlFrameConsumer,
    expectsMask: boolean,
    data: DataFrameConsumer,
  );
  constructor(
    kernels: Kernels,
    consumer: ControlFrameConsumer,
    expectsMask: boolean,
    data: DataFrameConsumer = consumer as FrameConsumer,
  ) {
    this.#kernels = kernels;
    this.#consumer = consumer;
    this.#data = data;
    this.#expectsMask = expectsMask;
  }

  /** Bytes of the frame under way that are still to come: what the next read needs at least. */
  get missing(): number {
    return this.#position === Position.payload ? this.#payloadLength - this.#payloadRead : 0;
  }

  /**
   * Reads frames from `bytes[start, end)`, which it may change in place, until they are used up
   * or the consumer halts. Returns how far it came.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    const consumer = this.#consumer;
    let next = start;
    if (this.#position === Position.payload) next = this.#readPart(bytes, next, end);
    while (next < end && !consumer.isHalted) {
      if (this.#headLength > 0) {
        next = this.#completeHeader(bytes, next, end);
      } else {
        const payload = this.#parseHeader(bytes, next, end);
        if (payload < 0) return consumer.isHalted ? next : this.#keepHeader(bytes, next, end);
        next = payload;
      }
      if (this.#position === Position.payload) next = this.#readPayload(bytes, next, end);
    }
    return next;
  }

  /** Parses the header at `start` and returns where the payload begins; -1 if bytes are missing or it is wrong. */
  #parseHeader(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 2) return -1;
    const head = bytes[start] as number;
    const second = bytes[start + 1] as number;
    let length = second & 0x7f;
    let next = start + 2;
    if (length >= 126) {
      const isLong = length === 127;
      next += isLong ? 8 : 2;
      if (next > end) return -1;
      length = isLong ? this.#parseLong(bytes, start + 2) : this.#parseShort(bytes, start + 2);
      if (length < 0) return -1;
    }
    const isMasked = second >= 0x80;
    if (isMasked !== this.#expectsMask) {
      this.#failFrame(
        isMasked
          ? 'the server sent a masked frame (RFC 6455 §5.1)'
          : 'the client sent an unmasked frame (RFC 6455 §5.1)',
      );
      return -1;
    }
    if (isMasked) {
      if (next + 4 > end) return -1;
      this.#key =
        (bytes[next] as number) |
        ((bytes[next + 1] as number) << 8) |
        ((bytes[next + 2] as number) << 16) |
        ((bytes[next + 3] as number) << 24);
      next += 4;
    }
    return this.#beginFrame(head, length) ? next : -1;
  }

  #parseShort(bytes: Uint8Array, offset: number): number {
    const length = ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
    return length < 126 ? this.#failLength() : length;
  }

  #parseLong(bytes: Uint8Array, offset: number): number {
    const high = readUint32(bytes, offset);
    // RFC 6455 §5.2: the most significant bit MUST be 0.
    if (high >= 2 ** 31) {
      return this.#failFrame('the peer sent a frame length above 2^63 (RFC 6455 §5.2)');
    }
    // Above 2^53 this rounds, which no limit is fine enough to notice.
    const length = high * 2 ** 32 + readUint32(bytes, offset + 4);
    return length < 65_536 ? this.#failLength() : length;
  }

  #failLength(): -1 {
    return this.#failFrame(
      'the peer sent a frame length in more bytes than it needs (RFC 6455 §5.2)',
    );
  }

  #failFrame(message: string): -1 {
    this.#consumer.fail(new RemoteProtocolError(message, CloseCode.protocolError));
    return -1;
  }

  /** Checks what a frame's header says, and makes its payload the next thing to read. */
  #beginFrame(head: number, length: number): boolean {
    const opcode = head & 0x0f;
    const isFinal = head >= 0x80;
    const reserved = head & RESERVED_BITS;
    if (reserved !== 0 && !this.#allowsReserved(reserved, opcode)) {
      this.#failFrame('the peer set a reserved bit without an extension for it (RFC 6455 §5.2)');
      return false;
    }
    if (opcode >= Opcode.close) {
      if (opcode > Opcode.pong) return this.#failOpcode(opcode);
      // RFC 6455 §5.5: control frames have at most 125 bytes and MUST NOT be fragmented.
      if (length > MAX_CONTROL_PAYLOAD || !isFinal) {
        this.#failFrame(
          isFinal
            ? `the peer sent a control frame of ${length} bytes (RFC 6455 §5.5)`
            : 'the peer sent a fragmented control frame (RFC 6455 §5.5)',
        );
        return false;
      }
    } else {
      if (opcode > Opcode.binary) return this.#failOpcode(opcode);
      if (!this.#data.beginFrame(isFinal, opcode, length, reserved !== 0)) return false;
    }
    this.#opcode = opcode;
    this.#payloadLength = length;
    this.#payloadRead = 0;
    this.#position = Position.payload;
    return true;
  }

  /** RFC 6455 §5.2: RSV bits MUST be 0 unless an extension gives them a meaning (RFC 7692 §6). */
  #allowsReserved(reserved: number, opcode: number): boolean {
    const beginsMessage = opcode === Opcode.text || opcode === Opcode.binary;
    return reserved === RSV1 && this.allowsCompression && beginsMessage;
  }

  #failOpcode(opcode: number): false {
    this.#failFrame(`the peer sent the reserved opcode 0x${opcode.toString(16)} (RFC 6455 §5.2)`);
    return false;
  }

  /** Keeps the first bytes of a header whose rest has not arrived. */
  #keepHeader(bytes: Uint8Array, start: number, end: number): number {
    this.#head ??= new Uint8Array(MAX_HEADER_LENGTH);
    this.#head.set(bytes.subarray(start, end));
    this.#headLength = end - start;
    return end;
  }

  /** Adds bytes to a kept header until it is whole or they are used up. */
  #completeHeader(bytes: Uint8Array, start: number, end: number): number {
    const head = this.#head as Uint8Array;
    let next = start;
    while (next < end) {
      head[this.#headLength++] = bytes[next++] as number;
      if (this.#parseHeader(head, 0, this.#headLength) >= 0) {
        this.#headLength = 0;
        return next;
      }
      if (this.#consumer.isHalted) return next;
    }
    return next;
  }

  /** Reads the payload of the frame whose header was just read. */
  #readPayload(bytes: Uint8Array, start: number, end: number): number {
    const stop = start + this.#payloadLength;
    if (stop > end) return this.#readPart(bytes, start, end);
    if (this.#expectsMask) this.#kernels.mask(bytes, start, stop, this.#key, 0);
    this.#position = Position.header;
    if (this.#opcode < Opcode.close) this.#data.receivePayload(bytes, start, stop);
    else this.#consumer.receiveControl(this.#opcode, bytes, start, stop);
    return stop;
  }

  /** Reads what there is of a payload that does not arrive in one piece. */
  #readPart(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.#payloadLength - this.#payloadRead);
    if (this.#expectsMask) {
      this.#kernels.mask(bytes, start, stop, this.#key, this.#payloadRead);
    }
    const offset = this.#payloadRead;
    this.#payloadRead += stop - start;
    const isLast = this.#payloadRead === this.#payloadLength;
    if (isLast) this.#position = Position.header;
    if (this.#opcode < Opcode.close) {
      this.#data.receivePart(bytes, start, stop, isLast);
    } else {
      this.#control ??= new Uint8Array(MAX_CONTROL_PAYLOAD);
      this.#control.set(bytes.subarray(start, stop), offset);
      if (isLast) {
        this.#consumer.receiveControl(this.#opcode, this.#control, 0, this.#payloadLength);
      }
    }
    return stop;
  }
}

function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}
