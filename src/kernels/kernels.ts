/**
 * The interface of the kernels: the work on bytes that has to be fast. The protocol core is given an implementation.
 */

/** Masking and text, over bytes. Offsets are in bytes from the start of the array. */
export interface Kernels {
  /**
   * XORs `bytes[start, end)` in place with the masking key (RFC 6455 §5.3).
   *
   * @param key the four octets of the key, the first one in the lowest eight bits
   * @param phase how many bytes of the payload come before `start`; only its lowest two bits count
   */
  mask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void;
  /** Tells whether `bytes[start, end)` is well-formed UTF-8 (RFC 3629). */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
  /** Returns how many bytes `text` takes in UTF-8. */
  utf8Length(text: string): number;
  /** Makes an array over an `ArrayBuffer` of `size` bytes of its own. The bytes may have any value. */
  createBytes(size: number): Uint8Array<ArrayBuffer>;
  /** Writes `text` as UTF-8 at `offset`, where there must be room for it; returns how many bytes it wrote. */
  writeUtf8(text: string, bytes: Uint8Array, offset: number): number;
}

/** Encodes text as UTF-8, in an array of its own. */
export function encodeText(kernels: Kernels, text: string): Uint8Array {
  const bytes = new Uint8Array(kernels.utf8Length(text));
  kernels.writeUtf8(text, bytes, 0);
  return bytes;
}
