/**
 * The messages that wait for `recv` of a blocking connection, and how much memory they take.
 */
import type { WebSocketError } from '../errors.ts';
import { type Message, messagesDroppedError } from './message.ts';
import { MessageQueue } from './message-queue.ts';

/** Bytes kept at most, unless one message alone may be longer. */
const MOST_KEPT = 64 * 1024 * 1024;
/** What a message takes besides its payload, about: many may be empty. */
const OVERHEAD = 256;

/** A queue of messages that tells when it holds enough. */
export class KeptMessages extends MessageQueue<Message> {
  readonly #most: number;
  #kept = 0;
  #dropped = 0;
  #droppedBytes = 0;

  /** @param maxMessageSize bytes that the longest message may have */
  constructor(maxMessageSize: number) {
    super();
    this.#most = Math.max(MOST_KEPT, maxMessageSize);
  }

  /** Whether nothing more should be received before some has been taken out. */
  get isFull(): boolean {
    return this.#kept > this.#most;
  }

  /** Makes the error that tells of what has been dropped; `undefined` if nothing has. */
  get loss(): WebSocketError | undefined {
    if (this.#dropped === 0) return undefined;
    return messagesDroppedError(this.#dropped, this.#droppedBytes);
  }

  /**
   * Drops a message of `size` bytes if there is no room for it; then all that follow it too, so that what
   * is received has an early end but no gap.
   *
   * @returns whether it was dropped
   */
  dropsWhenFull(size: number): boolean {
    if (this.#dropped === 0 && !this.isFull) return false;
    this.#dropped++;
    this.#droppedBytes += size;
    return true;
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
