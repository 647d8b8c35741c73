/**
 * Limits how many messages and pings a connection may deliver per second.
 */
import { now } from '../transport/clock.ts';
import { TokenBucket } from './token-bucket.ts';

/** The rate of one connection. Once it was passed nothing is delivered any more, so no message is missing between. */
export class MessageRate {
  readonly #bucket: TokenBucket;
  readonly #overrun: () => void;
  #isPassed = false;

  /** @param overrun called for each message that is not delivered */
  constructor(messagesPerSecond: number, overrun: () => void) {
    this.#bucket = new TokenBucket(messagesPerSecond, now());
    this.#overrun = overrun;
  }

  /** Tells whether the message that has come may be delivered. */
  allows(): boolean {
    if (!this.#isPassed && this.#bucket.take(now())) return true;
    this.#isPassed = true;
    this.#overrun();
    return false;
  }
}
