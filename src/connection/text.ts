/**
 * Makes strings of UTF-8 that the core has validated.
 */
import { isAscii } from 'node:buffer';

/** Decoders that every `Buffer` has, without the checks of `toString`. */
interface Slicer {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slicer;

/** Decodes `bytes[start, end)`. ASCII, which most text is, goes the faster Latin-1 way. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const isPlain = isAscii(bytes.subarray(start, end));
  return (isPlain ? latin1Slice : utf8Slice).call(bytes, start, end);
}
