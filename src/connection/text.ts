/**
 * Makes strings of UTF-8 that the core has validated.
 */
import { isAscii } from 'node:buffer';

/** Decoders of `Buffer` without the checks of `toString`. */
interface Slicer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slicer;

/** Decodes `bytes[start, end)`. Most text is ASCII, which is decoded faster as Latin-1 (bench: text). */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const isAsciiText = isAscii(bytes.subarray(start, end));
  return (isAsciiText ? latin1Slice : utf8Slice).call(bytes, start, end);
}
