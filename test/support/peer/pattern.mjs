// Payloads that both the tests and the peer can make from a size alone.

/** Bytes whose pattern repeats so late that a misplaced part is noticed. */
export function patternBytes(size, isText = false) {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) {
    // Text has letters, binary has all values.
    bytes[i] = isText ? 97 + ((i + (i >> 8)) % 26) : ((i % 250) + (i >> 8)) & 0xff;
  }
  return bytes;
}
