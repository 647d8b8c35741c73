/** Exchanges of one message: those of connections that are opened to be closed, or to lie idle. */
import { Buffer } from 'node:buffer';

const ONE_WINDOW = 1;

/** What a driver of a client needs of an exchange, for one message that comes back. */
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

  /** Counts a reply; no other message follows. */
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

/** Any number of connections that each lie idle after their message: one object, so that none of it is theirs. */
export class IdleExchange extends SingleMessage {
  isIdle = true;
  isDone = false;
  /** Connections that are idle by now. */
  idle = 0;

  count() {
    this.idle++;
  }
}
