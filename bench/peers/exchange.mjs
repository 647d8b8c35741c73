/**
 * What every client does with its messages, in one place, so that all do the same: which payload
 * goes next, is each reply what was sent, when to read the clock, when to stop. Runs under Node.js, Bun
 * and Deno alike.
 */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Different payloads in turn: more than any window, so that a swapped or repeated reply is noticed. */
export const DISTINCT_PAYLOADS = 128;

const WARMING_UP = 0;
const MEASURING = 1;
const ENDED = 2;

/** One client's conversation with the echo server, from the first warm-up message to the last reply. */
export class Exchange {
  /** Messages that may be in flight. */
  window;
  #task;
  #payloads;
  #phase = WARMING_UP;
  #sent = 0;
  #received = 0;
  #untilSample;
  #begun = performance.now();
  #last = 0;
  #times;
  #samples = 0;
  #before = /** @type {CpuTimes | undefined} */ (undefined);
  #result = /** @type {Result | undefined} */ (undefined);

  /** @param {import('../cells.mjs').Task & { serverPid?: number }} task */
  constructor(task) {
    this.#task = task;
    this.window = task.window;
    this.#untilSample = task.window;
    this.#payloads = makePayloads(task.size);
    this.#times = new Float64Array(Math.ceil(task.measure.messages / task.window));
  }

  /** Every payload, in the order they go out, again and again. */
  get payloads() {
    return this.#payloads;
  }

  /** Whether every message sent has been answered and no more are to be sent. */
  get isDone() {
    return this.#phase === ENDED && this.#received === this.#sent;
  }

  /** The measured part; undefined until it has ended. */
  get result() {
    return this.#result;
  }

  /** The next payload to send, while the window is being filled. */
  next() {
    return /** @type {Buffer<ArrayBuffer>} */ (this.#payloads[this.#sent++ % DISTINCT_PAYLOADS]);
  }

  /**
   * Takes a reply, compares every byte of it, and says what to send for it: undefined when no
   * more is to be sent.
   *
   * @param {Uint8Array} data
   */
  reply(data) {
    const expected = /** @type {Buffer} */ (this.#payloads[this.#received % DISTINCT_PAYLOADS]);
    if (data.length !== expected.length || Buffer.compare(expected, data) !== 0) {
      throw new Error(`reply ${this.#received} is not what was sent`);
    }
    return this.count() ? this.next() : undefined;
  }

  /** Counts a reply that has been compared; whether another message is to be sent for it. */
  count() {
    if (this.#received === this.#sent) throw new Error('more replies than messages');
    this.#received++;
    if (--this.#untilSample === 0) this.#sample();
    return this.#phase !== ENDED;
  }

  #sample() {
    this.#untilSample = this.window;
    if (this.#phase === ENDED) return;
    const now = performance.now();
    if (this.#phase === WARMING_UP) {
      const { time, messages } = this.#task.warmUp;
      if (now - this.#begun >= time && this.#received >= messages) this.#startMeasuring();
      return;
    }
    this.#times[this.#samples++] = (now - this.#last) / this.window;
    this.#last = now;
    const { time, samples } = this.#task.measure;
    const isLongEnough = now - this.#begun >= time && this.#samples >= samples;
    if (isLongEnough || this.#samples === this.#times.length) this.#end(now);
  }

  #startMeasuring() {
    this.#phase = MEASURING;
    this.#before = cpuTimes(this.#task.serverPid);
    this.#begun = this.#last = performance.now();
  }

  /** @param {number} now */
  #end(now) {
    this.#phase = ENDED;
    const after = cpuTimes(this.#task.serverPid);
    const before = /** @type {CpuTimes} */ (this.#before);
    const hasTicks = after.serverTicks !== undefined && before.serverTicks !== undefined;
    this.#result = {
      // Microseconds to the nanosecond: no more is known, and the samples' file stays small.
      times: Array.from(this.#times.subarray(0, this.#samples), (ms) => Math.round(ms * 1e6) / 1e3),
      messages: this.#samples * this.window,
      elapsed: (now - this.#begun) * 1000,
      clientUser: after.user - before.user,
      clientSystem: after.system - before.system,
      serverTicks: hasTicks ? Number(after.serverTicks) - Number(before.serverTicks) : undefined,
    };
  }
}

/**
 * @typedef {object} Result
 * @property {number[]} times µs per message: one per round trip, or per window of messages
 * @property {number} messages
 * @property {number} elapsed µs
 * @property {number} clientUser µs
 * @property {number} clientSystem µs
 * @property {number | undefined} serverTicks clock ticks, user and system
 */

/** @typedef {{ user: number, system: number, serverTicks: number | undefined }} CpuTimes */

/**
 * Builds the payloads. They are views, eight bytes apart, of one pattern whose every eight bytes differ and
 * begin with their number: each payload starts with its sequence number, any two differ from there to
 * their ends, and together they take hardly more cache than one.
 *
 * @param {number} size bytes
 */
export function makePayloads(size) {
  const words = DISTINCT_PAYLOADS + Math.ceil(size / 8);
  const pattern = Buffer.from(new ArrayBuffer(words * 8));
  for (let word = 0; word < words; word++) {
    pattern.writeUInt32LE(word, word * 8);
    pattern.writeUInt32LE(Math.imul(word + 1, 0x9e3779b1) >>> 0, word * 8 + 4);
  }
  return Array.from({ length: DISTINCT_PAYLOADS }, (_, i) => pattern.subarray(i * 8, i * 8 + size));
}

/**
 * @param {number | undefined} serverPid
 * @returns {CpuTimes}
 */
function cpuTimes(serverPid) {
  const { user, system } = process.cpuUsage();
  return {
    user,
    system,
    serverTicks: serverPid === undefined ? undefined : processTicks(serverPid),
  };
}

/** @param {number} pid */
function processTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name and may hold anything, so count from its last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return undefined;
  }
}
