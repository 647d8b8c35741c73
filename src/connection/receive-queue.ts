/**
 * The messages that wait for `recv`, and how much memory they take.
 */
import type { WebSocketError } from '../errors.ts';
import { type Message, messagesDroppedError } from './message.ts';
import { RingQueue } from './ring-queue.ts';

/** Bytes above which a queue is full, unless one message alone may be longer. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** Bytes that count for each message besides its payload: many messages may be empty. */
const OVERHEAD = 256;

/** A queue of messages that knows when it is full. */
export class ReceiveQueue extends RingQueue<Message> {
  readonly #max: number;
  #kept = 0;
  #dropped = 0;
  #droppedBytes = 0;

  /** @param maxMessageSize bytes that the longest message may have */
  constructor(maxMessageSize: number) {
    super();
    this.#max = Math.max(MAX_QUEUED_BYTES, maxMessageSize);
  }

  /** Whether messages must be taken out before more are received. */
  get isFull(): boolean {
    return this.#kept > this.#max;
  }

  /** Makes the error that says how many messages were dropped; `undefined` if none were. */
  get loss(): WebSocketError | undefined {
    if (this.#dropped === 0) return undefined;
    return messagesDroppedError(this.#dropped, this.#droppedBytes);
  }

  /**
   * Drops a message of `size` bytes if the queue is full, and every message after that: the messages received end
   * early, but have no gap.
   *
   * @returns whether the message was dropped
   */
  dropIfFull(size: number): boolean {
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
