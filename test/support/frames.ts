/**
 * Frames written and read by the diagram in RFC 6455 §5.2, without any code of the library. The tests
 * of its reader and its writer compare with these.
 */

/** The fields of a frame, right or wrong. */
export interface FrameFields {
  opcode: number;
  payload?: Uint8Array | string | readonly number[];
  /** Default true. */
  isFinal?: boolean;
  /** The three reserved bits, RSV1 highest. Default 0. */
  rsv?: number;
  /** The four octets of the masking key. Default none: unmasked. */
  key?: readonly number[] | undefined;
  /** The declared length. Default the payload's. */
  length?: bigint;
  /** How many further bytes hold the length; 0 if the second byte does. Default the fewest. */
  lengthBytes?: 0 | 2 | 8;
}

export const KEY: readonly number[] = [0x37, 0xfa, 0x21, 0x3d];

export function bytesOf(payload: Uint8Array | string | readonly number[]): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : Uint8Array.from(payload);
}

/** Writes one frame. */
export function frame(fields: FrameFields): Uint8Array {
  const payload = bytesOf(fields.payload ?? []);
  const length = fields.length ?? BigInt(payload.length);
  const shortest = length < 126n ? 0 : length < 65_536n ? 2 : 8;
  const lengthBytes = fields.lengthBytes ?? shortest;
  const { isFinal = true, rsv = 0, key } = fields;
  const head = (isFinal ? 0x80 : 0) | (rsv << 4) | fields.opcode;
  const inline = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const bytes = [head, (key === undefined ? 0 : 0x80) | inline];
  for (let i = lengthBytes - 1; i >= 0; i--) {
    bytes.push(Number((length >> BigInt(8 * i)) & 0xffn));
  }
  const frameBytes = new Uint8Array(bytes.length + (key?.length ?? 0) + payload.length);
  frameBytes.set(bytes);
  if (key !== undefined) frameBytes.set(key, bytes.length);
  // RFC 6455 §5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", where j is i modulo 4.
  const masked = key === undefined ? payload : payload.map((octet, i) => octet ^ (key[i % 4] ?? 0));
  frameBytes.set(masked, frameBytes.length - payload.length);
  return frameBytes;
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | readonly number[] = ''): Uint8Array {
  return concat([code >> 8, code & 0xff], bytesOf(reason));
}

export function concat(...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** A parsed frame, with its payload unmasked. */
export interface ParsedFrame {
  opcode: number;
  isFinal: boolean;
  rsv: number;
  isMasked: boolean;
  payload: Uint8Array;
}

/** Parses a stream of whole frames. */
export function parseFrames(bytes: Uint8Array): ParsedFrame[] {
  const frames: ParsedFrame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const head = view.getUint8(at);
    const second = view.getUint8(at + 1);
    at += 2;
    let length = second & 0x7f;
    if (length === 126) {
      length = view.getUint16(at);
      at += 2;
    } else if (length === 127) {
      length = Number(view.getBigUint64(at));
      at += 8;
    }
    const isMasked = second >= 0x80;
    const key = isMasked ? bytes.slice(at, at + 4) : new Uint8Array(4);
    if (isMasked) at += 4;
    if (at + length > bytes.length) throw new Error('the stream ends inside a frame');
    const payload = bytes.slice(at, at + length).map((octet, i) => octet ^ (key[i % 4] as number));
    at += length;
    frames.push({
      opcode: head & 0xf,
      isFinal: head >= 0x80,
      rsv: (head >> 4) & 7,
      isMasked,
      payload,
    });
  }
  return frames;
}

/** Describes each frame of a stream in one line. */
export function describeFrames(bytes: Uint8Array): string[] {
  return parseFrames(bytes).map(({ opcode, isFinal, payload }) => {
    const name = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }[
      opcode
    ];
    return `${name}${isFinal ? '' : ' (more)'}:${describePayload(opcode, payload)}`;
  });
}

function describePayload(opcode: number, payload: Uint8Array): string {
  if (opcode === 8 && payload.length >= 2) {
    const code = ((payload[0] as number) << 8) | (payload[1] as number);
    return `${code}${new TextDecoder().decode(payload.subarray(2))}`;
  }
  return opcode === 2 ? Buffer.from(payload).toString('hex') : new TextDecoder().decode(payload);
}
