// Cases hold bytes in hexadecimal, so that a case is plain JSON.

const GUARD = 0xa5;
const MARGIN = 8;

/** Reads hexadecimal into memory of its own. */
export function fromHex(text) {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Writes bytes in hexadecimal. */
export function toHex(bytes, start = 0, end = bytes.length) {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex');
}

/** Cuts a stream into pieces of those sizes, which are used in turn and then from the start again. */
export function* piecesOf(stream, sizes) {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length];
    yield stream.subarray(at, at + size);
    at += size;
  }
}

/** Puts bytes in the middle of larger memory, so that writes around them can be detected. */
export function guarded(bytes) {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN).fill(GUARD);
  memory.set(bytes, MARGIN);
  return { memory, start: MARGIN, end: MARGIN + bytes.length };
}

/** Whether the memory around guarded bytes is unchanged. */
export function isIntact({ memory, start, end }) {
  for (let i = 0; i < MARGIN; i++) {
    if (memory[start - 1 - i] !== GUARD || memory[end + i] !== GUARD) return false;
  }
  return true;
}
