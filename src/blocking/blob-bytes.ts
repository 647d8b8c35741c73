/**
 * Reads a Blob without an event loop. The private methods by which a Blob reads itself give the bytes
 * that are in memory at once. Where Node.js lacks one of them, no Blob can be read here.
 */
import type { Blob } from 'node:buffer';

/** Gives the bytes of a Blob piece by piece. */
interface BlobReader {
  /** @param give gets 1, perhaps with a piece; 0 at the end; a number below 0 after a failure */
  pull(give: (status: number, piece?: ArrayBuffer) => void): void;
}

interface BlobHandle {
  getReader?(): BlobReader;
}

/**
 * Returns the bytes of a Blob.
 *
 * @throws TypeError for a Blob whose bytes do not come at once: one of a file, or one made of it
 */
export function blobBytes(blob: Blob): Uint8Array {
  const reader = handleOf(blob)?.getReader?.();
  const bytes = new Uint8Array(blob.size);
  let length = 0;
  let status: number | undefined = reader === undefined ? -1 : 1;
  while (status === 1) {
    let given: number | undefined;
    let isLate = false;
    reader?.pull((next, piece) => {
      given = next;
      if (isLate || piece === undefined) return;
      bytes.set(new Uint8Array(piece), length);
      length += piece.byteLength;
    });
    isLate = true;
    status = given;
  }
  if (status === 0) return bytes;
  throw new TypeError(
    'send: the Blob has to be waited for, which a blocking call cannot do: send its bytes instead, which fs.readFileSync reads from a file',
  );
}

function handleOf(blob: Blob): BlobHandle | undefined {
  const symbol = Object.getOwnPropertySymbols(blob).find(
    ({ description }) => description === 'kHandle',
  );
  return symbol && Reflect.get(blob, symbol);
}
