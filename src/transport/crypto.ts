/**
 * The random bytes and the hash function for the protocol core.
 */
import { hash, randomBytes, randomFillSync } from 'node:crypto';
import { MaskingKeys } from '../protocol/masking-keys.ts';

/** How many masking keys are drawn from the system at once; they take 4 KiB. */
const KEYS_AT_ONCE = 1024;

let shared: MaskingKeys | undefined;

/** Returns masking keys from the caller's generator, or else this thread's crypto-strong ones. */
export function maskingKeys(generate: ((keys: Uint8Array) => void) | undefined): MaskingKeys {
  if (generate !== undefined) return new MaskingKeys(generate, 1);
  shared ??= new MaskingKeys((keys) => randomFillSync(keys), KEYS_AT_ONCE);
  return shared;
}

/** Returns the random bytes for `Sec-WebSocket-Key`. */
export function nonce(): Uint8Array {
  // RFC 6455 §4.1: "a randomly selected 16-byte value".
  return randomBytes(16);
}

/** Returns the SHA-1 hash of ASCII text, in base64. */
export function sha1Base64(text: string): string {
  return hash('sha1', text, 'base64');
}
