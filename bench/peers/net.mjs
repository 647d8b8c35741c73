/**
 * The floor: Node's `net.Socket` and next to nothing on top. Frames are built and masked beforehand,
 * those of one batch lie side by side and leave in one write, and replies are compared where they
 * arrived, without being parsed: their framing is known.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { STAMPS } from './exchange.mjs';

const RECEIVE_BUFFER = 256 * 1024;

/**
 * @param {string} url
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {(closed: Promise<unknown>) => Promise<unknown>} waitFor
 */
export function run(url, exchange, waitFor) {
  const { protocol, hostname, port, host } = new URL(url);
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER);
  const { frames, frameSize } = maskedFrames(exchange.payloads);
  const replies = new ReplyComparer(exchange);
  let sent = 0;
  let head = '';
  let isOpen = false;

  return new Promise((resolve, reject) => {
    const open = protocol === 'wss:' ? connectSecurely : connect;
    const socket = open({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer, callback: receive },
    });
    const closed = new Promise((done) => socket.on('close', done));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed early')));
    socket.on(protocol === 'wss:' ? 'secureConnect' : 'connect', () => {
      socket.write(
        `GET ${exchange.path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });

    /** @param {number} length */
    function receive(length) {
      try {
        if (!isOpen) readHead(length);
        else answer(replies.compare(buffer, length));
      } catch (error) {
        reject(error);
        socket.destroy();
      }
      return true;
    }

    /** @param {number} length */
    function readHead(length) {
      head += buffer.toString('latin1', 0, length);
      if (!head.includes('\r\n\r\n')) return;
      if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${head.split('\r\n')[0]}`);
      if (!head.endsWith('\r\n\r\n')) throw new Error('the server spoke first');
      isOpen = true;
      for (let i = 0; i < exchange.window; i++) exchange.next();
      write(exchange.window);
    }

    /** @param {number} count messages to send */
    function answer(count) {
      for (let i = 0; i < count; i++) exchange.next();
      if (count > 0) write(count);
      if (exchange.isDone) {
        socket.end();
        resolve(waitFor(closed));
      }
    }

    /** @param {number} count */
    function write(count) {
      const start = sent % exchange.payloads.length;
      const end = Math.min(start + count, exchange.payloads.length);
      socket.write(frames.subarray(start * frameSize, end * frameSize));
      sent += end - start;
      if (end - start < count) write(count - (end - start));
    }
  });
}

/** Compares a stream of unmasked frames with what it has to be, in pieces of any length. */
class ReplyComparer {
  #exchange;
  #header;
  #index = 0;
  /** How far the current frame, header included, has been compared. */
  #position = 0;
  #stamps = Buffer.alloc(STAMPS);

  /** @param {import('./exchange.mjs').Exchange} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
    this.#header = frameHeader(/** @type {Buffer} */ (exchange.payloads[0]).length, false);
  }

  /**
   * @param {Buffer} received
   * @param {number} length
   * @returns {number} messages to send for the replies that were completed
   */
  compare(received, length) {
    let toSend = 0;
    let offset = 0;
    while (offset < length) {
      const payload = /** @type {Buffer} */ (this.#exchange.payloads[this.#index]);
      const isInHeader = this.#position < this.#header.length;
      const expected = isInHeader ? this.#header : payload;
      const from = isInHeader ? this.#position : this.#position - this.#header.length;
      const isInStamps = !isInHeader && from < this.#exchange.stampSize;
      const end = isInStamps ? this.#exchange.stampSize : expected.length;
      const piece = Math.min(length - offset, end - from);
      if (isInStamps) {
        received.copy(this.#stamps, from, offset, offset + piece);
      } else if (expected.compare(received, offset, offset + piece, from, from + piece) !== 0) {
        throw new Error('a reply is not what was sent');
      }
      offset += piece;
      this.#position += piece;
      if (!isInHeader && from + piece === payload.length) {
        this.#position = 0;
        this.#index = (this.#index + 1) % this.#exchange.payloads.length;
        if (this.#exchange.count(this.#stamps)) toSend++;
      }
    }
    return toSend;
  }
}

/** @param {readonly Buffer[]} payloads */
function maskedFrames(payloads) {
  const parts = payloads.flatMap((payload) => {
    const key = randomBytes(4);
    const masked = Buffer.from(payload);
    for (let i = 0; i < masked.length; i++) masked[i] = Number(masked[i]) ^ Number(key[i & 3]);
    return [frameHeader(payload.length, true), key, masked];
  });
  const frames = Buffer.concat(parts);
  return { frames, frameSize: frames.length / payloads.length };
}

/**
 * @param {number} length of the payload
 * @param {boolean} isMasked
 */
function frameHeader(length, isMasked) {
  const mask = isMasked ? 0x80 : 0;
  if (length < 126) return Buffer.from([0x82, mask | length]);
  if (length < 65_536) return Buffer.from([0x82, mask | 126, length >>> 8, length & 0xff]);
  const header = Buffer.from([0x82, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 6);
  return header;
}
