/**
 * Says which payload is sent next, and checks every reply. All clients use it, so that all do the same work. It runs under
 * Node.js, Bun and Deno.
 */
import { Buffer } from 'node:buffer';
import { Measure } from './measure.mjs';
import { makeJson, makePayloads, makeRandom, makeTexts } from './payloads.mjs';

/** Bytes of the stamps at the start of a stamped reply: when the server received the message and when it sent the reply. */
export const STAMPS = 16;
/** Bytes of a message that requests a flood. */
const REQUEST = 8;
/** Bytes of an acknowledgement: the first ones of the last message of its batch. */
const ACKNOWLEDGEMENT = 8;
/** Most messages in flight whose time of sending is remembered: more than any window of a client in JavaScript. */
const MAX_IN_FLIGHT = 128;

/** One connection's conversation with the server, from the first warm-up message to the last reply. */
export class Exchange {
  /** How many messages are sent before any reply. */
  window;
  /** Whether messages are strings. */
  isText;
  /** Whether messages are to be compressed. */
  isCompressed;
  #task;
  #measure;
  /** The payloads that are sent in turn, and the replies that are expected in turn. */
  #payloads;
  #expected;
  #sent = 0;
  #received = 0;
  /** Indices of the payload to send next and of the reply to expect next. Keeping them is cheaper than a remainder. */
  #nextSent = 0;
  #nextReply = 0;
  /** Replies until the next sample is complete, replies until the next message is due, and messages that are due now. */
  #untilSample;
  #untilDue;
  #due = 0;
  /** When each message in flight was sent; undefined if a sample has more than one message. */
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

  /** Whether its connection is open and has sent a message. */
  get hasBegun() {
    return this.#sent > 0;
  }

  /** The path by which the server is asked for echoes, stamped echoes, many replies to a message, or one reply to many. */
  get path() {
    const { isStamped, size, repliesPerMessage, messagesPerReply } = this.#task;
    if (repliesPerMessage > 1) return `/flood/${size}/${repliesPerMessage}`;
    if (messagesPerReply > 1) return `/take/${messagesPerReply}`;
    return isStamped ? '/stamped' : '/';
  }

  /** Bytes at the start of a reply that differ from the message. */
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

  /** Whether no more messages are to be sent and all have been answered. */
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
   * Takes a reply and compares every byte of it. Returns the message to send for it, or undefined if there is none.
   *
   * @param {any} data a string, or bytes
   */
  reply(data) {
    if (!this.#isAsExpected(data)) {
      throw new Error(`reply ${this.#received} is not what was expected`);
    }
    return this.count(data) ? this.next() : undefined;
  }

  /** Returns another message to send for the last reply, or undefined if there is no more. */
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
   * Counts a reply that has been compared. Returns whether a message is to be sent for it.
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
/** Payloads that have been made, which all connections share. @type {Map<string, any[]>} */
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
 * Lists the acknowledgements of the batches, in turn.
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
 * Reads a time in nanoseconds, little-endian. It is exact for 104 days after the system's start.
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
