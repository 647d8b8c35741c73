/**
 * The output: where the core writes the bytes that have to be sent.
 */

/**
 * A window into memory that the transport sends in order. The core writes at `position`, up to
 * `limit`, and moves `position`. For more room it calls `reserve`, which may change all three fields.
 */
export interface Output {
  readonly bytes: Uint8Array;
  position: number;
  readonly limit: number;
  /** True while the socket has not taken earlier output. */
  readonly isBlocked: boolean;
  /** Makes room for `size` contiguous bytes, or for as many as the memory can offer in one piece. */
  reserve(size: number): void;
}

/** Writes bytes as they are, in pieces if they do not fit into the output's memory at once. */
export function writeBytes(output: Output, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; ) {
    output.reserve(bytes.length - from);
    const piece = bytes.subarray(from, from + output.limit - output.position);
    output.bytes.set(piece, output.position);
    output.position += piece.length;
    from += piece.length;
  }
}

/** An {@link Output} in ordinary memory, for code that drives the core by hand. */
export class OutputBuffer implements Output {
  bytes: Uint8Array = new Uint8Array(1024);
  position = 0;
  isBlocked = false;

  get limit(): number {
    return this.bytes.length;
  }

  reserve(size: number): void {
    const needed = this.position + size;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }

  /** Returns a copy of what has been written since the last call. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.position);
    this.position = 0;
    return taken;
  }
}
