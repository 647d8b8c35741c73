// The peer's own reader and writer of frames, by RFC 6455 §5.2. They use no code of the library under
// test.

const DATA = new Set([0, 1, 2]);
const CONTROL = new Set([8, 9, 10]);
/** The reserved bit that marks a compressed message. */
export const RSV1 = 4;

/** Writes one unmasked frame. */
export function serializeFrame(opcode, payload, isFinal = true) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  if (length < 126) {
    head[1] = length;
  } else if (length < 65536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** Parses a client's frames, and says what is wrong with them. */
export class FrameParser {
  #chunks = [];
  #length = 0;
  /** Whether compression was agreed on. Only then may the first frame of a message set RSV1 (RFC 7692 §6). */
  allowsCompression = false;
  /** The opcode of the fragmented message that has begun. */
  #fragmented;

  /** Returns the frames that are complete now. */
  push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next() {
    const head = this.#peek(14);
    if (head.length < 2) return undefined;
    const short = head[1] & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isMasked = head[1] >= 0x80;
    const headLength = 2 + lengthBytes + (isMasked ? 4 : 0);
    if (head.length < headLength) return undefined;
    let length = short;
    if (lengthBytes === 2) length = head.readUInt16BE(2);
    if (lengthBytes === 8) length = Number(head.readBigUInt64BE(2));
    if (this.#length < headLength + length) return undefined;
    const all = this.#take(headLength + length);
    const payload = Buffer.from(all.subarray(headLength));
    if (isMasked) unmask(payload, all.subarray(headLength - 4, headLength));
    const frame = {
      opcode: head[0] & 0x0f,
      isFinal: head[0] >= 0x80,
      rsv: (head[0] >> 4) & 7,
      isMasked,
      payload,
    };
    return { ...frame, faults: this.#check(frame, lengthBytes) };
  }

  #check({ opcode, isFinal, rsv, isMasked, payload }, lengthBytes) {
    const faults = [];
    const { length } = payload;
    if (!isMasked) faults.push('a client must mask its frames (§5.1)');
    const mayBeCompressed = this.allowsCompression && (opcode === 1 || opcode === 2);
    if (rsv !== 0 && !(rsv === RSV1 && mayBeCompressed)) {
      faults.push('a reserved bit is set (§5.2)');
    }
    if (lengthBytes !== (length < 126 ? 0 : length < 65536 ? 2 : 8)) {
      faults.push('the length is not in its shortest form (§5.2)');
    }
    if (CONTROL.has(opcode)) {
      if (length > 125) faults.push('a control frame above 125 bytes (§5.5)');
      if (!isFinal) faults.push('a fragmented control frame (§5.5)');
      return faults;
    }
    if (!DATA.has(opcode)) faults.push('a reserved opcode (§5.2)');
    if ((opcode === 0) === (this.#fragmented === undefined)) {
      faults.push('fragments out of order (§5.4)');
    }
    if (!isFinal) this.#fragmented ??= opcode;
    else this.#fragmented = undefined;
    return faults;
  }

  #peek(length) {
    if (this.#chunks.length > 1 && this.#chunks[0].length < length) {
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    return this.#chunks.length === 0 ? Buffer.alloc(0) : this.#chunks[0].subarray(0, length);
  }

  #take(length) {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = all.length === length ? [] : [all.subarray(length)];
    this.#length -= length;
    return all.subarray(0, length);
  }
}

function unmask(payload, key) {
  for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
}
