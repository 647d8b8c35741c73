/**
 * Stands in for a socket while its connection is lent: takes what is written as a socket would, and
 * hands it to the system when it is told to, as an event loop would.
 */
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from '../transport/clock.ts';
import type { DrivenSocket } from '../transport/socket.ts';
import { AT_ONCE, type Deadline } from './channels/channel.ts';
import type { PlainChannel } from './channels/plain.ts';

type Written = (error?: Error | null) => void;

function ignore(): void {}

/** The stand-in of one socket. */
export class LentSocket implements DrivenSocket {
  readonly #socket: Socket;
  readonly #channel: PlainChannel;
  readonly #linger: number;
  /** What the system has not taken yet. It lies where it was written, until `written` is called. */
  #queue: { bytes: Uint8Array; written: Written }[] = [];
  #queued = 0;
  /** Whom to tell that their bytes have left. */
  readonly #written: Written[] = [];
  #sent = 0;
  /** Bytes that have come, counted by who reads. */
  received = 0;
  /** Whether the sending side is to end, and the connection with it. */
  isEnding = false;
  /** Whether something written will never leave. */
  hasDropped = false;
  /** What the system said when it took no more; everything written since is dropped. */
  error: Error | undefined;

  /** @param linger milliseconds in which what still comes is taken and dropped, after an end; 0 for ever */
  constructor(socket: Socket, channel: PlainChannel, linger: number) {
    this.#socket = socket;
    this.#channel = channel;
    this.#linger = linger;
  }

  get writableLength(): number {
    return this.#queued;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead + this.received;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten + this.#sent + this.#queued;
  }

  write(bytes: Uint8Array, written: Written = ignore): void {
    // Even no bytes at all come behind those that wait.
    const waits = this.#queue.length > 0;
    const sent = waits ? 0 : this.#send(bytes, AT_ONCE);
    if (sent === bytes.length && !waits) {
      this.#written.push(written);
      return;
    }
    this.#queue.push({ bytes: bytes.subarray(sent), written });
    this.#queued += bytes.length - sent;
  }

  /** Sends what waits, as far as the system takes it before the deadline. */
  sendQueued(deadline: Deadline): void {
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined) return;
      if (first.bytes.length > 0) {
        const sent = this.#send(first.bytes, deadline);
        this.#queued -= sent;
        first.bytes = first.bytes.subarray(sent);
      }
      if (first.bytes.length > 0) return;
      this.#queue.shift();
      this.#written.push(first.written);
    }
  }

  /** Tells who wrote what has left since the last time. They may write more. */
  settle(): void {
    // Taken out one by one: what one throws must not keep the others from being told.
    for (let written = this.#written.shift(); written; written = this.#written.shift()) written();
  }

  /** Leaves to the socket itself what has not been sent. */
  handOver(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    for (const { bytes, written } of queue) this.#socket.write(bytes, written);
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  end(): void {
    this.isEnding = true;
  }

  destroy(): void {
    if (this.isEnding && this.error === undefined) this.#endLater();
    else this.#socket.destroy();
    this.hasDropped ||= this.#queued > 0;
    this.#queued = 0;
    for (const { written } of this.#queue.splice(0)) this.#written.push(written);
    this.settle();
  }

  /** Has the event loop end the connection: closed with bytes unread it would be reset, and our close frame lost. */
  #endLater(): void {
    const socket = this.#socket;
    this.handOver();
    socket.end();
    socket.resume();
    if (this.#linger === 0) return;
    const timer = setTimeout(() => socket.destroy(), this.#linger);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }

  /** Sends, and returns how much of it is not needed any more. */
  #send(bytes: Uint8Array, deadline: Deadline): number {
    if (this.error !== undefined) return bytes.length;
    try {
      const sent = this.#channel.send(bytes, deadline);
      this.#sent += sent;
      return sent;
    } catch (error) {
      this.error = error as Error;
      this.hasDropped = true;
      return bytes.length;
    }
  }
}
