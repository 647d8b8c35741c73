/**
 * What every client does with its messages, in one place, so that all do the same: which payload
 * goes next, and is each reply what it has to be. Runs under Node.js, Bun and Deno alike.
 */
import { Buffer } from 'node:buffer';
import { Measure } from './measure.mjs';
import { makeJson, makePayloads, makeRandom, makeTexts } from './payloads.mjs';

/** Bytes at the start of a stamped reply: when the server received the message, and when it sent the reply. */
export const STAMPS = 16;
/** Bytes of a message that asks for a flood. */
const REQUEST = 8;
/** Bytes that acknowledge a batch: so many of its last message's first. */
const ACKNOWLEDGEMENT = 8;
/** Messages in flight whose time of sending is remembered: more than any window. */
const MAX_IN_FLIGHT = 128;

/** One connection's conversation with the server, from the first warm-up message to the last reply. */
export class Exchange {
  /** Messages that are sent at first. */
  window;
  /** Whether messages are strings. */
  isText;
  /** Whether messages are to be compressed. */
  isCompressed;
  #task;
  #measure;
  /** What is sent, in turn, and what has to come back, in turn. */
  #payloads;
  #expected;
  #sent = 0;
  #received = 0;
  /** The payload that is sent next, and the one that has to come next: an index is cheaper than a remainder. */
  #nextSent = 0;
  #nextReply = 0;
  /** Replies until the next sample, until the next message is due, and messages that are due at once. */
  #untilSample;
  #untilDue;
  #due = 0;
  /** When each message in flight was sent; undefined where many messages make a sample. */
  #sentAt = /** @type {Float64Array | undefined} */ (undefined);
  #isStamped;
  /** Nanoseconds of the monotonic clock at which `performance.now()` was 0. */
  #origin;

  /**
   * @param {import('../plans/tasks.mjs').Task & { serverPid?: number }} task
   * @param {number} [origin] nanoseconds of the monotonic clock at which `performance.now()` was 0
   * @param {Measure} [measure] of all connections
   */
  constructor(task, origin = 0, measure = new Measure(task)) {
    this.#task = task;
    this.#measure = measure;
    this.window = task.window;
    this.isText = !['binary', 'random'].includes(task.content);
    this.isCompressed = task.isCompressed === true;
    this.#untilSample = task.perSample / task.messagesPerReply;
    this.#untilDue = task.repliesPerMessage;
    const payloads = payloadsOf(task.content, task.size);
    this.#payloads = task.repliesPerMessage === 1 ? payloads : payloadsOf('binary', REQUEST);
    this.#expected = task.messagesPerReply === 1 ? payloads : acknowledgements(payloads, task);
    if (task.perSample === 1) this.#sentAt = new Float64Array(MAX_IN_FLIGHT);
    this.#isStamped = task.isStamped;
    this.#origin = origin;
  }

  /** Whether its connection is open, and has sent something. */
  get hasBegun() {
    return this.#sent > 0;
  }

  /** What the server is asked for: an echo, one that says when, many messages for one, or one for many. */
  get path() {
    const { isStamped, size, repliesPerMessage, messagesPerReply } = this.#task;
    if (repliesPerMessage > 1) return `/flood/${size}/${repliesPerMessage}`;
    if (messagesPerReply > 1) return `/take/${messagesPerReply}`;
    return isStamped ? '/stamped' : '/';
  }

  /** Bytes at the start of a reply that are not what was sent. */
  get stampSize() {
    return this.#isStamped ? STAMPS : 0;
  }

  /** Every payload, in the order they go out, again and again. */
  get payloads() {
    return this.#payloads;
  }

  /** Every reply, in the order they come, again and again. */
  get expected() {
    return this.#expected;
  }

  /** Whether every message sent has been answered and no more are to be sent. */
  get isDone() {
    const { repliesPerMessage, messagesPerReply } = this.#task;
    return (
      this.#measure.hasEnded &&
      this.#received * messagesPerReply === this.#sent * repliesPerMessage &&
      this.#due === 0
    );
  }

  /** The measured part; undefined until it has ended. */
  get result() {
    return this.#measure.result;
  }

  /** The next payload to send, while the window is being filled. */
  next() {
    if (this.#sentAt) this.#sentAt[this.#sent % MAX_IN_FLIGHT] = performance.now();
    this.#sent++;
    const payload = /** @type {any} */ (this.#payloads[this.#nextSent++]);
    if (this.#nextSent === this.#payloads.length) this.#nextSent = 0;
    return payload;
  }

  /**
   * Takes a reply, compares every byte of it, and says what to send for it: undefined when nothing
   * is to be sent.
   *
   * @param {any} data a string, or bytes
   */
  reply(data) {
    if (!this.#isAsExpected(data)) {
      throw new Error(`reply ${this.#received} is not what was expected`);
    }
    return this.count(data) ? this.next() : undefined;
  }

  /** What else to send for the last reply, until it is undefined. */
  more() {
    if (this.#due === 0) return undefined;
    this.#due--;
    return this.next();
  }

  /** @param {any} data */
  #isAsExpected(data) {
    const expected = /** @type {any} */ (this.#expected[this.#nextReply]);
    if (this.isText) return data === expected;
    const size = expected.length;
    if (data.length !== size) return false;
    return this.#isStamped
      ? expected.compare(data, STAMPS, size, STAMPS, size) === 0
      : Buffer.compare(expected, data) === 0;
  }

  /**
   * Counts a reply that has been compared; whether another message is to be sent for it.
   *
   * @param {Uint8Array} [reply] at least its stamps
   */
  count(reply) {
    const { repliesPerMessage, messagesPerReply, perSample } = this.#task;
    if (this.#received * messagesPerReply >= this.#sent * repliesPerMessage) {
      throw new Error('more replies than messages');
    }
    if (this.#sentAt) {
      this.#takeLatency(this.#sentAt, reply);
    } else if (--this.#untilSample === 0) {
      this.#untilSample = perSample / messagesPerReply;
      this.#measure.takeBatch();
    }
    this.#received++;
    if (++this.#nextReply === this.#expected.length) this.#nextReply = 0;
    if (--this.#untilDue > 0) return false;
    this.#untilDue = repliesPerMessage;
    if (this.#measure.hasEnded) return false;
    this.#due += messagesPerReply - 1;
    return true;
  }

  /**
   * @param {Float64Array} sentAt
   * @param {Uint8Array | undefined} reply
   */
  #takeLatency(sentAt, reply) {
    const now = performance.now();
    const sent = /** @type {number} */ (sentAt[this.#received % MAX_IN_FLIGHT]);
    if (this.#isStamped && reply) {
      const send = (readStamp(reply, 0) - this.#origin) / 1e6 - sent;
      const receive = now - (readStamp(reply, 8) - this.#origin) / 1e6;
      this.#measure.takeLatency(now, sent, send, receive);
    } else {
      this.#measure.takeLatency(now, sent);
    }
  }
}

/** @type {Record<string, (size: number) => any[]>} */
const MAKERS = { binary: makePayloads, random: makeRandom, json: makeJson };
/** @type {Map<string, any[]>} one list for all connections */
const made = new Map();

/**
 * @param {string} content
 * @param {number} size
 */
function payloadsOf(content, size) {
  const key = `${content} ${size}`;
  const payloads =
    made.get(key) ?? (MAKERS[content] ?? ((bytes) => makeTexts(content, bytes)))(size);
  made.set(key, payloads);
  return payloads;
}

/**
 * What acknowledges each batch, in turn.
 *
 * @param {any[]} payloads
 * @param {{ messagesPerReply: number }} task
 */
function acknowledgements(payloads, { messagesPerReply }) {
  return payloads.map((_, reply) => {
    const last = (messagesPerReply * (reply + 1) - 1) % payloads.length;
    return Buffer.from(payloads[last].subarray(0, ACKNOWLEDGEMENT));
  });
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
