/**
 * `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.1, §4.2.2).
 */

import { decodeLatin1 } from './head.ts';

/** Returns the SHA-1 hash of ASCII text, in base64. The handshake needs no other cryptography. */
export type Sha1Base64 = (text: string) => string;

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
// RFC 6455 §4.2.1: "a base64-encoded [...] value that, when decoded, is 16 bytes in length."
// These are 22 characters and two of padding. The last character holds only two bits.
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** Makes a key from sixteen random bytes. */
export function serializeKey(nonce: Uint8Array): string {
  return btoa(decodeLatin1(nonce));
}

/** Tells whether a key is sixteen bytes in base64. */
export function isValidKey(key: string): boolean {
  return KEY.test(key);
}

/** Returns the `Sec-WebSocket-Accept` that answers a key (RFC 6455 §4.2.2, item 5.4). */
export function acceptKey(key: string, sha1: Sha1Base64): string {
  return sha1(key + GUID);
}
