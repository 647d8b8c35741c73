// Payloads that both the tests and the peer can make from a size alone.

/** Bytes that repeat so late that a part out of place is noticed. */
export function patternBytes(size, isText = false) {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) {
    // Letters for text, all values for binary.
    bytes[i] = isText ? 97 + ((i + (i >> 8)) % 26) : ((i % 250) + (i >> 8)) & 0xff;
  }
  return bytes;
}
