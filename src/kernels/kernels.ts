/**
 * The work on bytes that the protocol needs done fast, as an interface: the protocol core takes
 * an implementation and knows none.
 */

/** Masking and text, over bytes. Offsets are in bytes from the start of the array given. */
export interface Kernels {
  /**
   * XORs `bytes[start, end)` in place with the masking key (RFC 6455 §5.3).
   *
   * @param key the four octets of the key, the first in the lowest eight bits
   * @param phase how many payload bytes come before `start`; only its lowest two bits count
   */
  mask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): void;
  /** Tells whether `bytes[start, end)` is well-formed UTF-8 (RFC 3629). */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean;
  /** Returns how many bytes `text` takes in UTF-8. */
  utf8Length(text: string): number;
  /** Makes an array of `size` bytes, whatever they are, that fills memory of its own. */
  createBytes(size: number): Uint8Array<ArrayBuffer>;
  /** Writes `text` as UTF-8 at `offset`, where it must have room, and returns the bytes written. */
  writeUtf8(text: string, bytes: Uint8Array, offset: number): number;
}

/** Returns text as UTF-8, in memory of its own. */
export function encodeText(kernels: Kernels, text: string): Uint8Array {
  const bytes = new Uint8Array(kernels.utf8Length(text));
  kernels.writeUtf8(text, bytes, 0);
  return bytes;
}
