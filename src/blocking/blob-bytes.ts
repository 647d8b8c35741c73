/**
 * Reads a Blob without an event loop: what is in memory it tells at once. These are the calls by
 * which a Blob reads itself, and their names are not public; where they are missing this says so.
 */
import type { Blob } from 'node:buffer';

/** Tells pieces: 1 with one, or with none before the next; 0 at the end; less than that for a failure. */
interface BlobReader {
  pull(tell: (status: number, piece?: ArrayBuffer) => void): void;
}

interface BlobHandle {
  getReader?(): BlobReader;
}

/**
 * Returns the bytes of a Blob.
 *
 * @throws TypeError for one that has to be waited for: that of a file, or made of one
 */
export function blobBytes(blob: Blob): Uint8Array {
  const reader = handleOf(blob)?.getReader?.();
  const bytes = new Uint8Array(blob.size);
  let length = 0;
  let status: number | undefined = reader === undefined ? -1 : 1;
  while (status === 1) {
    let told: number | undefined;
    let isLate = false;
    reader?.pull((next, piece) => {
      told = next;
      if (isLate || piece === undefined) return;
      bytes.set(new Uint8Array(piece), length);
      length += piece.byteLength;
    });
    isLate = true;
    status = told;
  }
  if (status === 0) return bytes;
  throw new TypeError(
    'send: the Blob has to be waited for, which a call that blocks cannot: give it the bytes, such as fs.readFileSync reads of a file',
  );
}

function handleOf(blob: Blob): BlobHandle | undefined {
  const symbol = Object.getOwnPropertySymbols(blob).find(
    ({ description }) => description === 'kHandle',
  );
  return symbol && Reflect.get(blob, symbol);
}
