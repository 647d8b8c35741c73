/**
 * An output whose memory never grows, like that of a send arena: `reserve` sends what was written.
 */
import type { Output } from '../../src/protocol/output.ts';

const MARGIN = 32;
const GUARD = 0xa5;

/** A window of `size` bytes inside larger memory. The memory around the window must stay unchanged. */
export class SmallOutput implements Output {
  readonly bytes: Uint8Array;
  readonly limit: number;
  position = MARGIN;
  isBlocked = false;
  #sent: number[] = [];

  constructor(size: number) {
    this.bytes = new Uint8Array(size + 2 * MARGIN).fill(GUARD);
    this.limit = MARGIN + size;
  }

  reserve(size: number): void {
    if (this.limit - this.position < size) this.#flush();
  }

  /** All that was written since the last call. */
  take(): Uint8Array {
    this.#flush();
    return Uint8Array.from(this.#sent.splice(0));
  }

  /** Whether nothing was written outside the window. */
  isIntact(): boolean {
    const around = [...this.bytes.subarray(0, MARGIN), ...this.bytes.subarray(this.limit)];
    return around.every((octet) => octet === GUARD);
  }

  #flush(): void {
    if (this.position > this.limit) throw new Error('written past the limit');
    this.#sent.push(...this.bytes.subarray(MARGIN, this.position));
    this.position = MARGIN;
  }
}
