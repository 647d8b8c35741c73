/**
 * The base framing protocol's constants and header (RFC 6455 §5.2).
 */

/** Opcodes (RFC 6455 §11.8). */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** One of the {@link Opcode}s. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** The bit beside the opcode that marks a compressed message (RFC 7692 §6). */
export const RSV1 = 0x40;

/** Most bytes in the payload of a control frame (RFC 6455 §5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

/** Most bytes in the header of a frame: two, then eight for the length and four for the masking key. */
export const MAX_HEADER_LENGTH = 14;

/** Returns how many bytes the header of a frame has. */
export function headerLength(payloadLength: number, isMasked: boolean): number {
  const unmasked = payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10;
  return isMasked ? unmasked + 4 : unmasked;
}

/**
 * Writes a frame header at `offset` and returns where the payload begins. `bytes` must have room for it.
 *
 * @param head the first byte: FIN, RSV bits and opcode
 * @param key the masking key, with its first octet in the lowest bits; -1 writes an unmasked frame
 */
export function serializeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  head: number,
  payloadLength: number,
  key: number,
): number {
  const maskBit = key < 0 ? 0 : 0x80;
  bytes[offset] = head;
  let next = offset + 2;
  // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
  if (payloadLength < 126) {
    bytes[offset + 1] = maskBit | payloadLength;
  } else if (payloadLength < 65_536) {
    bytes[offset + 1] = maskBit | 126;
    bytes[offset + 2] = payloadLength >>> 8;
    bytes[offset + 3] = payloadLength & 0xff;
    next = offset + 4;
  } else {
    bytes[offset + 1] = maskBit | 127;
    writeUint32(bytes, offset + 2, Math.floor(payloadLength / 2 ** 32));
    writeUint32(bytes, offset + 6, payloadLength >>> 0);
    next = offset + 10;
  }
  if (key < 0) return next;
  bytes[next] = key & 0xff;
  bytes[next + 1] = (key >>> 8) & 0xff;
  bytes[next + 2] = (key >>> 16) & 0xff;
  bytes[next + 3] = key >>> 24;
  return next + 4;
}

function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = (value >>> 16) & 0xff;
  bytes[offset + 2] = (value >>> 8) & 0xff;
  bytes[offset + 3] = value & 0xff;
}
