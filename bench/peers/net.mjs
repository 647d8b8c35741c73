/**
 * The floor: Node's `net.Socket` with next to nothing on top. Its frames are built and masked before the measurement, and
 * those of a batch lie side by side and leave in one write. Replies are compared in the receive buffer. They need not be
 * parsed, since their framing is known.
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
  const { frames, frameSize } = maskedFrames(exchange.payloads, exchange.isText);
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
      if (!head.endsWith('\r\n\r\n')) throw new Error('the server sent a frame before any message');
      isOpen = true;
      for (let i = 0; i < exchange.window; i++) exchange.next();
      write(exchange.window);
    }

    /** @param {number} replies for each of which a message is sent, or a batch of messages */
    function answer(replies) {
      let count = replies;
      for (let i = 0; i < replies; i++) exchange.next();
      while (exchange.more()) count++;
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

/** Compares a stream of unmasked frames, in pieces of any length, with the frames expected. */
class ReplyComparer {
  #exchange;
  /** All frames expected, side by side, and how far they have been compared. */
  #expected;
  #position = 0;
  #frameSize;
  /** Where in a frame the stamps begin, and the stamps of the last reply. */
  #stampsAt;
  #stamps = Buffer.alloc(STAMPS);

  /** @param {import('./exchange.mjs').Exchange} exchange */
  constructor(exchange) {
    const frames = exchange.expected.map((payload) => frameOf(payload, exchange.isText));
    this.#exchange = exchange;
    this.#expected = Buffer.concat(frames);
    this.#frameSize = this.#expected.length / frames.length;
    this.#stampsAt = this.#frameSize - Buffer.byteLength(exchange.expected[0]);
  }

  /**
   * @param {Buffer} received
   * @param {number} length
   * @returns {number} how many replies were completed for which a message is to be sent
   */
  compare(received, length) {
    const { stampSize } = this.#exchange;
    let asking = 0;
    for (let offset = 0; offset < length; ) {
      const start = this.#position;
      const inFrame = start % this.#frameSize;
      const stampsEnd = this.#stampsAt + stampSize;
      const isInStamps = inFrame >= this.#stampsAt && inFrame < stampsEnd;
      // Without stamps any number of frames can be compared at once.
      const isWhole = stampSize === 0;
      const until = inFrame < this.#stampsAt ? this.#stampsAt : this.#frameSize;
      const bound = isWhole
        ? this.#expected.length - start
        : (isInStamps ? stampsEnd : until) - inFrame;
      const piece = Math.min(length - offset, bound);
      if (isInStamps) {
        received.copy(this.#stamps, inFrame - this.#stampsAt, offset, offset + piece);
      } else if (
        this.#expected.compare(received, offset, offset + piece, start, start + piece) !== 0
      ) {
        throw new Error('a reply is not what was expected');
      }
      offset += piece;
      this.#position = (start + piece) % this.#expected.length;
      const frames =
        Math.floor((start + piece) / this.#frameSize) - Math.floor(start / this.#frameSize);
      for (let i = 0; i < frames; i++) if (this.#exchange.count(this.#stamps)) asking++;
    }
    return asking;
  }
}

/**
 * @param {readonly (Buffer | string)[]} payloads
 * @param {boolean} isText
 */
function maskedFrames(payloads, isText) {
  const frames = Buffer.concat(payloads.map((payload) => frameOf(payload, isText, randomBytes(4))));
  return { frames, frameSize: frames.length / payloads.length };
}

/**
 * @param {Buffer | string} payload
 * @param {boolean} isText
 * @param {Buffer} [key] to mask it with
 */
function frameOf(payload, isText, key) {
  const bytes = Buffer.from(payload);
  const header = frameHeader(bytes.length, key !== undefined);
  if (isText) header[0] = 0x81;
  if (!key) return Buffer.concat([header, bytes]);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number(bytes[i]) ^ Number(key[i & 3]);
  return Buffer.concat([header, key, bytes]);
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
