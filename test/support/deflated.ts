/**
 * Compressed payloads in the form of RFC 7692 §7.2.1, right or wrong, made by zlib itself.
 */
import { constants, deflateRawSync } from 'node:zlib';
import type { FrameFields } from './frames.ts';

/** Compresses up to a byte boundary. The empty block at the end is removed unless `keepsBlock` is set. */
export function deflated(bytes: Uint8Array | string, keepsBlock = false): Uint8Array {
  const whole = deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  return Uint8Array.from(keepsBlock ? whole : whole.subarray(0, -4));
}

/** One KiB that inflates to one MiB of zeros, and can be repeated. */
export const MEBIBYTE: Uint8Array = deflated(new Uint8Array(2 ** 20), true);

/** A payload that inflates to so many MiB. */
export function bomb(mebibytes: number): Uint8Array {
  const payload = new Uint8Array(MEBIBYTE.length * mebibytes);
  for (let i = 0; i < mebibytes; i++) payload.set(MEBIBYTE, i * MEBIBYTE.length);
  return payload;
}

/** A message in one compressed frame. */
export function compressed(payload: Uint8Array, opcode = 2): FrameFields {
  return { opcode, payload, rsv: 4 };
}

/** A compressed message in fragments of that size. */
export function compressedFragments(payload: Uint8Array, size: number): FrameFields[] {
  const fragments: FrameFields[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const isFirst = at === 0;
    fragments.push({
      opcode: isFirst ? 2 : 0,
      rsv: isFirst ? 4 : 0,
      payload: payload.slice(at, at + size),
      isFinal: at + size >= payload.length,
    });
  }
  return fragments;
}

/** A block of a type that does not exist (RFC 1951 §3.2.3). */
export const BAD_BLOCK: Uint8Array = Uint8Array.of(0x06, 0, 0, 0);
