/**
 * The randomness and the hash that the protocol core is given.
 */
import { hash, randomBytes, randomFillSync } from 'node:crypto';
import { MaskingKeys } from '../protocol/masking-keys.ts';

/** Masking keys drawn from the system at once: 4 KiB. */
const KEYS_AT_ONCE = 1024;

let shared: MaskingKeys | undefined;

/** Returns this thread's crypto-strong masking keys, or ones from the caller's own generator. */
export function maskingKeys(generate: ((keys: Uint8Array) => void) | undefined): MaskingKeys {
  if (generate !== undefined) return new MaskingKeys(generate, 1);
  shared ??= new MaskingKeys((keys) => randomFillSync(keys), KEYS_AT_ONCE);
  return shared;
}

/** Returns sixteen random bytes for `Sec-WebSocket-Key` (RFC 6455 §4.1). */
export function nonce(): Uint8Array {
  return randomBytes(16);
}

/** SHA-1 over ASCII, in base64. */
export function sha1Base64(text: string): string {
  return hash('sha1', text, 'base64');
}
