// Masking of a WebSocket payload (RFC 6455 §5.3) in place, sixteen bytes at a time.

/**
 * XORs `length` bytes at `pointer` with the masking key, over and over. `key` has the four octets in little-endian
 * order, rotated so that its lowest octet is the one for the first byte.
 */
export function mask(pointer: usize, length: usize, key: u32): void {
  const end = pointer + length;
  const lanes = i32x4.splat(key);
  const unrolledEnd = end - (length & 63);
  while (pointer < unrolledEnd) {
    v128.store(pointer, v128.xor(v128.load(pointer), lanes));
    v128.store(pointer, v128.xor(v128.load(pointer, 16), lanes), 16);
    v128.store(pointer, v128.xor(v128.load(pointer, 32), lanes), 32);
    v128.store(pointer, v128.xor(v128.load(pointer, 48), lanes), 48);
    pointer += 64;
  }
  while (pointer + 16 <= end) {
    v128.store(pointer, v128.xor(v128.load(pointer), lanes));
    pointer += 16;
  }
  while (pointer < end) {
    store<u8>(pointer, load<u8>(pointer) ^ <u8>key);
    key = rotr<u32>(key, 8);
    pointer++;
  }
}
