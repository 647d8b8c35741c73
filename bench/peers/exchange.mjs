/**
 * What every client does with its messages, in one place, so that all do the same: which payload
 * goes next, and is each reply what was sent. Runs under Node.js, Bun and Deno alike.
 */
import { Buffer } from 'node:buffer';
import { Measure } from './measure.mjs';
import { makePayloads } from './payloads.mjs';

/** Bytes at the start of a stamped reply: when the server received the message, and when it sent the reply. */
export const STAMPS = 16;
/** Messages in flight whose time of sending is remembered: more than any window. */
const REMEMBERED = 128;

/** One connection's conversation with the echo server, from the first warm-up message to the last reply. */
export class Exchange {
  /** Messages that may be in flight. */
  window;
  #task;
  #measure;
  #payloads;
  #sent = 0;
  #received = 0;
  /** The payload that is sent next, and the one whose reply is next: an index is cheaper than a remainder. */
  #nextSent = 0;
  #nextReply = 0;
  #untilSample;
  /** When each message in flight was sent; undefined where many messages make a sample. */
  #sentAt = /** @type {Float64Array | undefined} */ (undefined);
  #isStamped;
  /** Nanoseconds of the monotonic clock at which `performance.now()` was 0. */
  #origin;

  /**
   * @param {import('../cells.mjs').Task & { serverPid?: number }} task
   * @param {number} [origin] nanoseconds of the monotonic clock at which `performance.now()` was 0
   * @param {Measure} [measure] of all connections
   */
  constructor(task, origin = 0, measure = new Measure(task)) {
    this.#task = task;
    this.#measure = measure;
    this.window = task.window;
    this.#untilSample = task.perSample;
    this.#payloads = makePayloads(task.size);
    if (task.perSample === 1) this.#sentAt = new Float64Array(REMEMBERED);
    this.#isStamped = task.isStamped;
    this.#origin = origin;
  }

  /** What the server is asked for: an echo, or one that says when. */
  get path() {
    return this.#task.isStamped ? '/stamped' : '/';
  }

  /** Bytes at the start of a reply that are not what was sent. */
  get stampSize() {
    return this.#isStamped ? STAMPS : 0;
  }

  /** Every payload, in the order they go out, again and again. */
  get payloads() {
    return this.#payloads;
  }

  /** Whether every message sent has been answered and no more are to be sent. */
  get isDone() {
    return this.#measure.hasEnded && this.#received === this.#sent;
  }

  /** The measured part; undefined until it has ended. */
  get result() {
    return this.#measure.result;
  }

  /** The next payload to send, while the window is being filled. */
  next() {
    if (this.#sentAt) this.#sentAt[this.#sent % REMEMBERED] = performance.now();
    this.#sent++;
    const payload = /** @type {Buffer<ArrayBuffer>} */ (this.#payloads[this.#nextSent++]);
    if (this.#nextSent === this.#payloads.length) this.#nextSent = 0;
    return payload;
  }

  /**
   * Takes a reply, compares every byte of it, and says what to send for it: undefined when no
   * more is to be sent.
   *
   * @param {Uint8Array} data
   */
  reply(data) {
    const expected = /** @type {Buffer} */ (this.#payloads[this.#nextReply]);
    const size = expected.length;
    const isAsSent =
      data.length === size &&
      (this.#isStamped
        ? expected.compare(data, STAMPS, size, STAMPS, size) === 0
        : Buffer.compare(expected, data) === 0);
    if (!isAsSent) throw new Error(`reply ${this.#received} is not what was sent`);
    return this.count(data) ? this.next() : undefined;
  }

  /**
   * Counts a reply that has been compared; whether another message is to be sent for it.
   *
   * @param {Uint8Array} [reply] at least its stamps
   */
  count(reply) {
    if (this.#received === this.#sent) throw new Error('more replies than messages');
    if (this.#sentAt) {
      const now = performance.now();
      const sent = /** @type {number} */ (this.#sentAt[this.#received % REMEMBERED]);
      if (this.#isStamped && reply) {
        const send = (readStamp(reply, 0) - this.#origin) / 1e6 - sent;
        const receive = now - (readStamp(reply, 8) - this.#origin) / 1e6;
        this.#measure.takeLatency(now, sent, send, receive);
      } else {
        this.#measure.takeLatency(now, sent);
      }
    } else if (--this.#untilSample === 0) {
      this.#untilSample = this.#task.perSample;
      this.#measure.takeBatch();
    }
    this.#received++;
    if (++this.#nextReply === this.#payloads.length) this.#nextReply = 0;
    return !this.#measure.hasEnded;
  }
}

/**
 * Reads a time in nanoseconds, little-endian: exact to a nanosecond for 104 days after the system's start.
 *
 * @param {Uint8Array} bytes
 * @param {number} at
 */
export function readStamp(bytes, at) {
  const byte = (/** @type {number} */ i) => /** @type {number} */ (bytes[at + i]);
  const low = (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
  const high = (byte(4) | (byte(5) << 8) | (byte(6) << 16) | (byte(7) << 24)) >>> 0;
  return high * 4_294_967_296 + low;
}
