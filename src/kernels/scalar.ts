/**
 * The kernels in plain TypeScript. They run on any JavaScript engine, and the other kernels are tested against them.
 */
import type { Kernels } from './kernels.ts';

/** Rotates a masking key so that its lowest octet is the one for payload byte `phase`. */
export function rotateKey(key: number, phase: number): number {
  const bits = (phase & 3) << 3;
  return (key >>> bits) | (key << (32 - bits));
}

/** Masks byte by byte; see {@link Kernels.mask}. */
export function maskScalar(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
): void {
  const turned = rotateKey(key, phase);
  const octet0 = turned & 0xff;
  const octet1 = (turned >>> 8) & 0xff;
  const octet2 = (turned >>> 16) & 0xff;
  const octet3 = turned >>> 24;
  let i = start;
  for (const unrolledEnd = end - 3; i < unrolledEnd; i += 4) {
    bytes[i] = (bytes[i] as number) ^ octet0;
    bytes[i + 1] = (bytes[i + 1] as number) ^ octet1;
    bytes[i + 2] = (bytes[i + 2] as number) ^ octet2;
    bytes[i + 3] = (bytes[i + 3] as number) ^ octet3;
  }
  for (let rest = turned; i < end; i++, rest >>>= 8) {
    bytes[i] = (bytes[i] as number) ^ (rest & 0xff);
  }
}

/** Checks UTF-8 byte by byte; see {@link Kernels.isUtf8}. */
function isUtf8Scalar(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const lead = bytes[i] as number;
    if (lead < 0x80) {
      i++;
      continue;
    }
    const length = sequenceLength(lead);
    if (length === 0 || i + length > end) return false;
    const second = bytes[i + 1] as number;
    if (second < minSecond(lead) || second > maxSecond(lead)) return false;
    for (let j = 2; j < length; j++) {
      if (((bytes[i + j] as number) & 0xc0) !== 0x80) return false;
    }
    i += length;
  }
  return true;
}

/** Returns how many bytes a sequence has that begins with `lead`; 0 if no sequence does (RFC 3629 §4). */
export function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Returns the least second byte after `lead`. It excludes overlong forms (RFC 3629 §4). */
export function minSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** Returns the greatest second byte after `lead`. It excludes surrogates and code points above U+10FFFF (RFC 3629 §4). */
export function maxSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}

const encoder = new TextEncoder();

/** Kernels that run on any JavaScript engine. */
export const scalarKernels: Kernels = {
  mask: maskScalar,
  isUtf8: isUtf8Scalar,
  createBytes: (size) => new Uint8Array(size),
  utf8Length: (text) => encoder.encode(text).length,
  writeUtf8: (text, bytes, offset) => encoder.encodeInto(text, bytes.subarray(offset)).written,
};
