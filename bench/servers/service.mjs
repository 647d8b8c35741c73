/** Chooses by the path of a connection how its messages are answered, as `Service` does in the servers in Rust. */
import process from 'node:process';
import { STAMPS } from '../peers/exchange.mjs';
import { makePayloads } from '../peers/payloads.mjs';

const ACKNOWLEDGEMENT = 8;

/**
 * Returns a function that takes each message and sends the answers to it.
 *
 * @param {string} path `/`, `/stamped`, `/flood/SIZE/COUNT` or `/take/COUNT`
 * @returns {<T extends Uint8Array | string>(data: T, send: (reply: T | Uint8Array) => void) => void}
 */
export function serviceOf(path) {
  const [name, ...numbers] = path.slice(1).split('/');
  const [first = 0, second = 0] = numbers.map(Number);
  if (name === 'flood' && first > 0 && second > 0) return flood(first, second);
  if (name === 'take' && first > 0) return take(first);
  return name === 'stamped' ? echoStamped : (data, send) => send(data);
}

/**
 * Answers every message with `count` messages of `size` bytes.
 *
 * @param {number} size
 * @param {number} count
 * @returns {ReturnType<typeof serviceOf>}
 */
function flood(size, count) {
  const payloads = makePayloads(size);
  let next = 0;
  return (_data, send) => {
    for (let i = 0; i < count; i++) {
      send(/** @type {Uint8Array} */ (payloads[next]));
      next = (next + 1) % payloads.length;
    }
  };
}

/**
 * Answers every `count` messages with the first bytes of the last one.
 *
 * @param {number} count
 * @returns {ReturnType<typeof serviceOf>}
 */
function take(count) {
  let taken = 0;
  return (data, send) => {
    if (++taken % count === 0 && typeof data !== 'string') {
      send(/** @type {any} */ (data.slice(0, ACKNOWLEDGEMENT)));
    }
  };
}

/**
 * Puts two times of the monotonic clock into the first bytes: when the message was received, and when the reply is sent.
 * In Bun `process.hrtime` reads another clock, so its server does not offer this.
 *
 * @template {Uint8Array | string} T
 * @param {T} data
 * @param {(reply: T) => void} send
 */
function echoStamped(data, send) {
  if (typeof data !== 'string' && data.length >= STAMPS) {
    const received = process.hrtime.bigint();
    const view = new DataView(data.buffer, data.byteOffset, STAMPS);
    view.setBigUint64(0, received, true);
    view.setBigUint64(8, process.hrtime.bigint(), true);
  }
  send(data);
}
