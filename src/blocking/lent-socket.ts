/**
 * Stands in for a socket while its connection is lent. It takes writes as the socket would. The driver
 * has it hand them to the system, which the event loop does for a socket.
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
  /** Writes that the system has not taken. Their bytes stay where they are until `written` is called. */
  #queue: { bytes: Uint8Array; written: Written }[] = [];
  #queued = 0;
  /** The callbacks of writes that have left, still to be called. */
  readonly #written: Written[] = [];
  #sent = 0;
  /** Bytes received. The driver counts them. */
  received = 0;
  /** Whether `end` was called: the connection is to end. */
  isEnding = false;
  /** Whether bytes were dropped before the system had taken them. */
  hasDropped = false;
  /** The error of the write that failed. Everything written since then is dropped. */
  error: Error | undefined;

  /** @param linger milliseconds after the end in which what still comes is read and dropped; 0 for no limit */
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
    // An empty write waits as well, so that the callbacks are called in order.
    const mustWait = this.#queue.length > 0;
    const sent = mustWait ? 0 : this.#send(bytes, AT_ONCE);
    if (sent === bytes.length && !mustWait) {
      this.#written.push(written);
      return;
    }
    this.#queue.push({ bytes: bytes.subarray(sent), written });
    this.#queued += bytes.length - sent;
  }

  /** Sends what waits, until all has left or the deadline has passed. */
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

  /** Calls the callbacks of writes that have left. They may write more. */
  settle(): void {
    // Each is taken out before it is called: if it throws, the next `settle` calls the others.
    for (let written = this.#written.shift(); written; written = this.#written.shift()) written();
  }

  /** Writes to the socket itself what has not been sent. */
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

  /**
   * Has the event loop end the connection. If the socket were closed with bytes unread, the system would
   * reset the connection, and our close frame would be lost.
   */
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

  /** Sends bytes; returns how many have left, or all where they are dropped after an error. */
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
