/**
 * Reads frames from bytes that arrive in pieces of any size (RFC 6455 §5.2), and enforces the rules
 * for a single frame. Payloads are unmasked in place and handed on without a copy.
 */
import { RemoteProtocolError, type WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { CloseCode } from './close-code.ts';
import { MAX_CONTROL_PAYLOAD, MAX_HEADER_LENGTH, Opcode, RSV1 } from './frame.ts';

/** Makes messages of data frames. */
export interface DataFrameConsumer {
  /** A data frame begins. False rejects it: the consumer has failed the connection. */
  beginFrame(isFinal: boolean, opcode: number, length: number, isCompressed: boolean): boolean;
  /** The whole payload of the frame arrived. */
  receivePayload(bytes: Uint8Array, start: number, end: number): void;
  /** The next part of the frame's payload arrived; the last part completes it. */
  receivePart(bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
}

/** Takes control frames, and decides when reading stops. */
export interface ControlFrameConsumer {
  /** Whether no further frame may be read: the session is paused, failed or closed. */
  readonly isHalted: boolean;
  /** A whole control frame arrived. */
  receiveControl(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  /** The peer broke a rule, and nothing more may be read. */
  fail(error: WebSocketError): void;
}

/** Takes data frames and control frames. */
export interface FrameConsumer extends DataFrameConsumer, ControlFrameConsumer {}

const RESERVED_BITS = 0x70;

/** What the reader expects next in the stream. */
const Position = { header: 0, payload: 1 } as const;

/** An incremental frame reader for one direction of one connection. */
export class FrameReader {
  readonly #kernels: Kernels;
  readonly #consumer: ControlFrameConsumer;
  readonly #data: DataFrameConsumer;
  /** Whether the peer's frames must be masked: it is a client then. */
  readonly #expectsMask: boolean;
  /** Whether compression was agreed on. Only then may the first frame of a message set RSV1. */
  allowsCompression = false;
  #position: 0 | 1 = Position.header;
  /** The bytes of a header whose rest has not arrived. */
  #head: Uint8Array | undefined;
  #headLength = 0;
  #opcode = 0;
  #key = 0;
  #payloadLength = 0;
  #payloadRead = 0;
  /** The payload of a control frame that arrives in parts. */
  #control: Uint8Array | undefined;

  /** Gives all frames to one consumer, or the data frames to a second one. */
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

  /** How many bytes of the current frame's payload have not arrived yet. */
  get missing(): number {
    return this.#position === Position.payload ? this.#payloadLength - this.#payloadRead : 0;
  }

  /**
   * Reads frames from `bytes[start, end)` until the bytes are used up or the consumer halts. Masked
   * payloads are changed in place. Returns the offset of the first byte that was not read.
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

  /** Parses the header at `start` and returns where the payload begins; -1 if it is incomplete or wrong. */
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
    // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is not
    // masked." "A client MUST close a connection if it detects a masked frame."
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
    // RFC 6455 §5.2: "the most significant bit MUST be 0".
    if (high >= 2 ** 31) {
      return this.#failFrame('the peer sent a frame length above 2^63 (RFC 6455 §5.2)');
    }
    // A length above 2^53 is rounded here, but no payload is that long.
    const length = high * 2 ** 32 + readUint32(bytes, offset + 4);
    return length < 65_536 ? this.#failLength() : length;
  }

  /** RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length". */
  #failLength(): -1 {
    return this.#failFrame(
      'the peer sent a frame length in more bytes than it needs (RFC 6455 §5.2)',
    );
  }

  #failFrame(message: string): -1 {
    this.#consumer.fail(new RemoteProtocolError(message, CloseCode.protocolError));
    return -1;
  }

  /** Checks a frame's header and prepares to read its payload; false if the frame was failed. */
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
      // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST
      // NOT be fragmented."
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

  /**
   * RFC 6455 §5.2: RSV bits "MUST be 0 unless an extension is negotiated that defines meanings for
   * non-zero values." RFC 7692 §6 defines RSV1 for the first frame of a message.
   */
  #allowsReserved(reserved: number, opcode: number): boolean {
    const beginsMessage = opcode === Opcode.text || opcode === Opcode.binary;
    return reserved === RSV1 && this.allowsCompression && beginsMessage;
  }

  /**
   * RFC 6455 §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
   * Connection_."
   */
  #failOpcode(opcode: number): false {
    this.#failFrame(`the peer sent the reserved opcode 0x${opcode.toString(16)} (RFC 6455 §5.2)`);
    return false;
  }

  /** Copies the bytes of a header whose rest has not arrived. */
  #keepHeader(bytes: Uint8Array, start: number, end: number): number {
    this.#head ??= new Uint8Array(MAX_HEADER_LENGTH);
    this.#head.set(bytes.subarray(start, end));
    this.#headLength = end - start;
    return end;
  }

  /** Adds bytes to the kept header until it is complete or the bytes are used up. */
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

  /** Reads the next part of a payload that arrives in several pieces. */
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
