/** Exchanges of one message, for connections that are closed after it or stay idle. */
import { Buffer } from 'node:buffer';

const ONE_WINDOW = 1;

/** An exchange, as the drivers of the clients need it, for one message that comes back. */
class SingleMessage {
  window = ONE_WINDOW;
  isText = false;
  path = '/';
  stampSize = 0;
  payloads;

  /** @param {number} size bytes */
  constructor(size) {
    this.payloads = [Buffer.alloc(size, 0x5a)];
  }

  get expected() {
    return this.payloads;
  }

  next() {
    return this.payloads[0];
  }

  /** @param {Uint8Array} data */
  reply(data) {
    if (Buffer.compare(/** @type {Buffer} */ (this.payloads[0]), data) !== 0) {
      throw new Error('the reply is not what was expected');
    }
    this.count();
  }

  /** Counts a reply. No message follows it. */
  count() {}

  more() {
    return undefined;
  }
}

/** A connection that closes after its message. */
export class OneMessageExchange extends SingleMessage {
  isDone = false;

  count() {
    this.isDone = true;
  }
}

/** Any number of connections that are idle after their message. They share one object, so that it is not part of their memory. */
export class IdleExchange extends SingleMessage {
  isIdle = true;
  isDone = false;
  /** How many connections are idle by now. */
  idle = 0;

  count() {
    this.idle++;
  }
}
