// An output whose memory never grows, like that of a send arena: `reserve` sends what was written.

const MARGIN = 16;
const GUARD = 0xa5;

/** A window of `size` bytes inside larger memory. The memory around the window must stay unchanged. */
export class SmallOutput {
  position = MARGIN;
  isBlocked = false;
  #sent = [];

  constructor(size) {
    this.bytes = new Uint8Array(size + 2 * MARGIN).fill(GUARD);
    this.limit = MARGIN + size;
  }

  reserve(size) {
    if (this.limit - this.position < size) this.#flush();
  }

  take() {
    this.#flush();
    const taken = Buffer.concat(this.#sent);
    this.#sent = [];
    return taken;
  }

  #flush() {
    if (this.position > this.limit) throw new Error('written past the limit');
    for (let i = 0; i < MARGIN; i++) {
      if (this.bytes[i] !== GUARD || this.bytes[this.limit + i] !== GUARD) {
        throw new Error('written outside of the window');
      }
    }
    this.#sent.push(Buffer.from(this.bytes.subarray(MARGIN, this.position)));
    this.position = MARGIN;
  }
}
