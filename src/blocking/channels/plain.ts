/**
 * A channel over a socket's file descriptor.
 */
import { now } from '../../transport/clock.ts';
import type { PollGate } from '../../transport/poll-gate.ts';
import { NEVER } from '../blocking-driver.ts';
import { type SystemCalls, WOULD_BLOCK } from '../calls/system-calls.ts';
import type { Channel, ChannelListener, Deadline, ReceiveResult } from './channel.ts';

/** How long a send that waits sleeps at most before it reads what has come, in ms. */
const MAX_WRITE_WAIT = 50;

/** A plain TCP connection under blocking calls. */
export class PlainChannel implements Channel {
  readonly pending = 0;
  readonly #calls: SystemCalls;
  readonly #listener: ChannelListener;
  #hasEnded = false;

  constructor(calls: SystemCalls, listener: ChannelListener) {
    this.#calls = calls;
    this.#listener = listener;
  }

  get isHalfDone(): boolean {
    return this.#calls.isUndelivered;
  }

  send(bytes: Uint8Array, deadline: Deadline): number {
    let sent = 0;
    let pause = 1;
    while (sent < bytes.length) {
      const written = this.#calls.write(bytes, sent);
      if (written !== WOULD_BLOCK) {
        sent += written;
        pause = 1;
      } else {
        const left = deadline() - now();
        if (left <= 0) break;
        if (this.#receiveAvailable()) {
          pause = 1;
        } else {
          this.#calls.waitWritable(Math.min(pause, left));
          pause = Math.min(2 * pause, MAX_WRITE_WAIT);
        }
      }
    }
    return sent;
  }

  flush(): boolean {
    return true;
  }

  receive(deadline: number, gate: PollGate): ReceiveResult {
    if (this.#hasEnded) return 'end';
    let length = this.#calls.read();
    if (length === WOULD_BLOCK) length = this.#wait(deadline, gate);
    if (length === WOULD_BLOCK) return 'timeout';
    return this.#take(length);
  }

  /** Does nothing: the worker ends the sending side when it gets the socket back. */
  end(): void {}

  /** Delivers what has come, without waiting; false if nothing has. */
  #receiveAvailable(): boolean {
    if (this.#hasEnded) return false;
    const length = this.#calls.read();
    if (length === WOULD_BLOCK) return false;
    this.#take(length);
    return true;
  }

  #take(length: number): ReceiveResult {
    try {
      if (length > 0) this.#listener(this.#calls.received, 0, length);
      else this.#hasEnded = true;
    } finally {
      this.#calls.isUndelivered = false;
    }
    return length > 0 ? 'bytes' : 'end';
  }

  #wait(deadline: number, gate: PollGate): number {
    if (deadline !== NEVER && now() >= deadline) return WOULD_BLOCK;
    const poll = gate.next();
    // The clock is read only where the time is used: each reading is one more thing to do after a sleep.
    const isTimed = poll > 0 || gate.isMeasuring;
    const begun = isTimed ? now() : 0;
    let length = poll > 0 ? this.#poll(Math.min(deadline, begun + poll)) : WOULD_BLOCK;
    while (length === WOULD_BLOCK) {
      const left = deadline === NEVER ? NEVER : deadline - now();
      if (left <= 0) break;
      length = this.#calls.readWithin(left);
    }
    gate.observe(isTimed ? now() - begun : 0);
    return length;
  }

  #poll(until: number): number {
    for (;;) {
      const length = this.#calls.read();
      if (length !== WOULD_BLOCK || now() >= until) return length;
    }
  }
}
