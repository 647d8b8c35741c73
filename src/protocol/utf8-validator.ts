/**
 * Validates UTF-8 that arrives in pieces (RFC 6455 §8.1). Wrong text is rejected at the piece that
 * holds the first wrong byte.
 */
import type { Kernels } from '../kernels/kernels.ts';
import { maxSecond, minSecond, sequenceLength } from '../kernels/scalar.ts';

/** Checks one text after another, each in any number of pieces. */
export class Utf8Validator {
  readonly #kernels: Kernels;
  /** How many bytes are missing of a sequence that the end of the last piece has cut. */
  #needed = 0;
  /** The range in which the next byte of that sequence must lie. */
  #min = 0x80;
  #max = 0xbf;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** Takes the next piece; false if no further piece can make the text valid. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    const rest = this.#completeSequence(bytes, start, end);
    if (rest < 0) return false;
    const cut = findCutSequence(bytes, rest, end);
    if (!this.#kernels.isUtf8(bytes, rest, cut)) return false;
    if (cut === end) return true;
    const lead = bytes[cut] as number;
    this.#needed = sequenceLength(lead) - 1;
    this.#min = minSecond(lead);
    this.#max = maxSecond(lead);
    return this.#completeSequence(bytes, cut + 1, end) >= 0;
  }

  /** Ends the text, and is ready for the next one; false if the text ends inside a sequence. */
  finish(): boolean {
    const isComplete = this.#needed === 0;
    this.#needed = 0;
    return isComplete;
  }

  /** Checks the bytes that a cut sequence still needs. Returns where it ends; -1 if one byte is wrong. */
  #completeSequence(bytes: Uint8Array, start: number, end: number): number {
    let i = start;
    while (this.#needed > 0 && i < end) {
      const byte = bytes[i] as number;
      if (byte < this.#min || byte > this.#max) return -1;
      this.#min = 0x80;
      this.#max = 0xbf;
      this.#needed--;
      i++;
    }
    return i;
  }
}

/** Returns where a sequence begins that `end` cuts; `end` if it cuts none. */
function findCutSequence(bytes: Uint8Array, start: number, end: number): number {
  const earliest = Math.max(start, end - 3);
  for (let i = end - 1; i >= earliest; i--) {
    const byte = bytes[i] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return i + sequenceLength(byte) > end ? i : end;
  }
  return end;
}
