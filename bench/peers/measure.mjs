/** Decides when the measured part of a cell begins and ends, and reads the clocks there. It counts all connections of the cell. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

const WARMING_UP = 0;
const MEASURING = 1;
const ENDED = 2;

/**
 * @typedef {object} Result
 * @property {number[]} times µs; the task says what a sample is
 * @property {number[]} [sends] µs from the client's send to the server's receiving
 * @property {number[]} [receives] µs from the server's send to the client's receiving
 * @property {number} messages
 * @property {number} elapsed µs
 * @property {number} clientUser µs
 * @property {number} clientSystem µs
 * @property {Ticks | undefined} serverTicks
 * @property {number} [bytesPerConnection] resident memory of the client
 * @property {number} [serverBytesPerConnection] resident memory of the server
 */

/** @typedef {{ user: number, system: number }} Ticks clock ticks of the system */
/** @typedef {{ user: number, system: number, serverTicks: Ticks | undefined }} CpuTimes */

/** The samples of a cell, over all of its connections. Times are milliseconds of `performance.now()`. */
export class Measure {
  #task;
  #phase = WARMING_UP;
  #counted = 0;
  #begun = performance.now();
  /** Whether the warm-up must not end yet. */
  #isHeld = false;
  #last = 0;
  #times;
  #samples = 0;
  /** The times of each sample from client to server and back; undefined if replies are not stamped. */
  #ways = /** @type {{ sends: Float64Array, receives: Float64Array } | undefined} */ (undefined);
  #before = /** @type {CpuTimes | undefined} */ (undefined);
  #result = /** @type {Result | undefined} */ (undefined);

  /** @param {import('../plans/tasks.mjs').Task & { serverPid?: number }} task */
  constructor(task) {
    this.#task = task;
    const most = Math.ceil(task.measure.messages / task.perSample);
    this.#times = new Float64Array(most);
    if (task.isStamped) {
      this.#ways = { sends: new Float64Array(most), receives: new Float64Array(most) };
    }
  }

  /** Keeps the warm-up from ending until `release` is called, which starts it anew. */
  hold() {
    this.#isHeld = true;
  }

  release() {
    this.#isHeld = false;
    this.#begun = performance.now();
  }

  /** Whether nothing more is to be sent. */
  get hasEnded() {
    return this.#phase === ENDED;
  }

  /** The measured part; undefined until it has ended. */
  get result() {
    return this.#result;
  }

  /**
   * Takes the latency of one message.
   *
   * @param {number} now
   * @param {number} sent
   * @param {number} [send] C→S
   * @param {number} [receive] S→C
   */
  takeLatency(now, sent, send, receive) {
    if (this.#phase === ENDED) return;
    this.#counted++;
    if (this.#phase === WARMING_UP) {
      this.#warmUp(now);
      return;
    }
    if (this.#ways && send !== undefined && receive !== undefined) {
      this.#ways.sends[this.#samples] = send;
      this.#ways.receives[this.#samples] = receive;
    }
    this.#times[this.#samples++] = now - sent;
    this.#endWhenEnough(now);
  }

  /** Takes the time since the last call as the time of the messages of one sample. */
  takeBatch() {
    if (this.#phase === ENDED) return;
    const now = performance.now();
    this.#counted += this.#task.perSample;
    if (this.#phase === WARMING_UP) {
      this.#warmUp(now);
      return;
    }
    this.#times[this.#samples++] = (now - this.#last) / this.#task.perSample;
    this.#last = now;
    this.#endWhenEnough(now);
  }

  /** @param {number} now */
  #warmUp(now) {
    const { time, messages, limit } = this.#task.warmUp;
    const elapsed = now - this.#begun;
    const isWarm = elapsed >= time && (this.#counted >= messages || elapsed >= limit);
    if (this.#isHeld || !isWarm) return;
    this.#phase = MEASURING;
    this.#before = cpuTimes(this.#task.serverPid);
    this.#begun = this.#last = performance.now();
  }

  /** @param {number} now */
  #endWhenEnough(now) {
    const { time, samples, limit } = this.#task.measure;
    const elapsed = now - this.#begun;
    const isLongEnough = elapsed >= time && (this.#samples >= samples || elapsed >= limit);
    if (isLongEnough || this.#samples === this.#times.length) this.#end(now);
  }

  /** @param {number} now */
  #end(now) {
    this.#phase = ENDED;
    const after = cpuTimes(this.#task.serverPid);
    const before = /** @type {CpuTimes} */ (this.#before);
    this.#result = {
      times: this.#micros(this.#times),
      ...(this.#ways && {
        sends: this.#micros(this.#ways.sends),
        receives: this.#micros(this.#ways.receives),
      }),
      messages: this.#samples * this.#task.perSample,
      elapsed: (now - this.#begun) * 1000,
      clientUser: after.user - before.user,
      clientSystem: after.system - before.system,
      serverTicks: difference(after.serverTicks, before.serverTicks),
    };
  }

  /**
   * Converts to microseconds, rounded to a tenth of a nanosecond: a mean over a batch can be that small.
   *
   * @param {Float64Array} values ms
   */
  #micros(values) {
    return Array.from(values.subarray(0, this.#samples), (ms) => Math.round(ms * 1e7) / 1e4);
  }
}

/**
 * @param {number | undefined} serverPid
 * @returns {CpuTimes}
 */
export function cpuTimes(serverPid) {
  const { user, system } = process.cpuUsage();
  const serverTicks = serverPid === undefined ? undefined : processTicks(serverPid);
  return { user, system, serverTicks };
}

/**
 * @param {Ticks | undefined} after
 * @param {Ticks | undefined} before
 */
export function difference(after, before) {
  if (!after || !before) return undefined;
  return { user: after.user - before.user, system: after.system - before.system };
}

/**
 * @param {number} pid
 * @returns {Ticks | undefined}
 */
function processTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name and may contain anything, so fields are counted from its last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { user: Number(fields[11]), system: Number(fields[12]) };
  } catch {
    return undefined;
  }
}
