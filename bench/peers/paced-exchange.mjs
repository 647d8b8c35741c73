/** An open loop: the server sends at its own pace and measures the latencies. The client only sends everything back. */
import { Buffer } from 'node:buffer';
import { cpuTimes } from './measure.mjs';

/** Bytes of a latency: nanoseconds. */
export const LATENCY = 4;

/** One connection's conversation with a server that sends at its own pace. */
export class PacedExchange {
  window = 1;
  isText = false;
  isDone = false;
  stampSize = 0;
  /** The message by which the server begins. */
  payloads = [Buffer.from('begin')];
  #task;
  #echoed = 0;
  #begun = 0;
  #before = cpuTimes(undefined);
  #result = /** @type {import('./measure.mjs').Result | undefined} */ (undefined);

  /** @param {import('../plans/tasks.mjs').Task} task */
  constructor(task) {
    this.#task = task;
  }

  get path() {
    const { size, rate, discarded, counted } = this.#task;
    return `/paced/${size}/${rate}/${discarded}/${counted}`;
  }

  /** The measured part; undefined until the server has sent the latencies. */
  get result() {
    return this.#result;
  }

  next() {
    return this.payloads[0];
  }

  /**
   * Takes a message, and returns it to be sent back; the server compares it. The last message has another size: it
   * contains the latencies.
   *
   * @param {Uint8Array} data
   */
  reply(data) {
    if (data.length !== this.#task.size) {
      this.#end(data);
      return undefined;
    }
    if (++this.#echoed === this.#task.discarded) {
      this.#before = cpuTimes(undefined);
      this.#begun = performance.now();
    }
    return data;
  }

  more() {
    return undefined;
  }

  /** @param {Uint8Array} latencies */
  #end(latencies) {
    const elapsed = (performance.now() - this.#begun) * 1000;
    const { user, system } = cpuTimes(undefined);
    const bytes = Buffer.from(latencies);
    const messages = bytes.length / LATENCY;
    this.#result = {
      times: Array.from({ length: messages }, (_, i) => bytes.readUInt32LE(i * LATENCY) / 1000),
      messages,
      elapsed,
      clientUser: user - this.#before.user,
      clientSystem: system - this.#before.system,
      // The server spins while it waits, so its processor time means nothing.
      serverTicks: undefined,
    };
    this.isDone = true;
  }
}
