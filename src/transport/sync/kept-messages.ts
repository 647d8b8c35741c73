/**
 * The messages that wait for `recv` of a blocking connection, and how much memory they take.
 */
import { MessageQueue } from '../message-queue.ts';
import type { Message } from '../received.ts';

/** Bytes kept at most, unless one message alone may be longer. */
const MOST_KEPT = 64 * 1024 * 1024;
/** What a message takes besides its payload, about: many may be empty. */
const OVERHEAD = 256;

/** A queue of messages that tells when it holds enough. */
export class KeptMessages extends MessageQueue<Message> {
  readonly #most: number;
  #kept = 0;

  /** @param maxMessageSize bytes that the longest message may have */
  constructor(maxMessageSize: number) {
    super();
    this.#most = Math.max(MOST_KEPT, maxMessageSize);
  }

  /** Whether nothing more should be received before some has been taken out. */
  get isFull(): boolean {
    return this.#kept > this.#most;
  }

  override push(message: Message): void {
    this.#kept += sizeOf(message);
    super.push(message);
  }

  override shift(): Message | undefined {
    const message = super.shift();
    if (message !== undefined) this.#kept -= sizeOf(message);
    return message;
  }
}

function sizeOf(message: Message): number {
  return message.length + OVERHEAD;
}
