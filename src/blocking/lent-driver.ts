/**
 * Pumps a connection of the async face by blocking calls, for a while: its session and its driver
 * stay what they are, and a stand-in takes the place of their socket. What the event loop did is done
 * here, within the calls: reading, writing what waits, watching the clock.
 */
import type { Socket } from 'node:net';
import type { ReadyData } from '../connection/data.ts';
import type { Loan } from '../connection/lending.ts';
import { ConcurrencyError } from '../errors.ts';
import type { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import { type SocketAddress, toTransportError } from '../transport/socket.ts';
import { SpinGate, usualSpin } from '../transport/spin-gate.ts';
import type { BlockingDriver } from './blocking-driver.ts';
import type { SystemCalls } from './calls/system-calls.ts';
import type { Deadline, ReceiveResult } from './channels/channel.ts';
import { PlainChannel } from './channels/plain.ts';
import { HalfDone } from './half-done.ts';
import { LentSocket } from './lent-socket.ts';
import { openDescriptor } from './open-channel.ts';

/** How long nothing may have been read before a send looks first for what has come, in ms. */
const STALE = 50;
/** How long to listen at most before trying again to send what the peer did not take in time, in ms. */
const LONGEST_LISTENING = 5;
/** How long a send goes on before looking at the clock and for the end of the connection, in ms. */
const LONGEST_SENDING = 100;
const NEVER = Number.POSITIVE_INFINITY;

/** Calls on the sockets that have been lent before: they cost more than a loan. */
const known = new WeakMap<Socket, SystemCalls>();

/** The pump of one connection that is lent. */
export class LentDriver implements BlockingDriver {
  isRevoked = false;
  readonly #loan: Loan;
  readonly #calls: SystemCalls;
  readonly #channel: PlainChannel;
  readonly #standIn: LentSocket;
  readonly #gate: SpinGate;
  /** When sending gives up: what has not left then waits for later calls. */
  #sendDeadline = NEVER;
  /** When sending looks at the clock and for the end of the connection. */
  #sliceEnd = 0;
  readonly #sendUntil: Deadline = () => {
    const isOver = this.#standIn.isEnding || this.#loan.messages.isFull;
    return isOver ? 0 : Math.min(this.#sendDeadline, this.session.nextTimeout(), this.#sliceEnd);
  };
  #lastReceived = 0;
  readonly #halfDone = new HalfDone();

  /**
   * @throws ConcurrencyError if something sent before has not left yet
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` over TLS, and where the socket has no descriptor
   */
  constructor(loan: Loan) {
    const { driver, options } = loan;
    const socket = driver.socket as Socket;
    this.#calls = callsOn(socket);
    if (socket.writableLength > 0) {
      throw new ConcurrencyError(
        'toSync: the peer has not taken all that was sent before; await a ping() first, which tells that it has',
      );
    }
    this.#loan = loan;
    this.#gate = new SpinGate(options.busyPoll ?? usualSpin(false));
    this.#channel = new PlainChannel(this.#calls, (bytes, _start, end) => this.#take(bytes, end));
    this.#standIn = new LentSocket(socket, this.#channel, options.closeTimeout);
    driver.lend(this.#standIn);
    this.#flushAtOnce();
  }

  begin(): void {
    const error = this.#halfDone.find(this.#channel);
    if (error !== undefined) this.#loan.driver.terminate(error);
  }

  write(write: (session: Session) => void): void {
    try {
      write(this.session);
    } catch (error) {
      this.#sendDeadline = NEVER;
      // A frame that could not be written has ended the session: nothing more leaves.
      if (this.session.failure !== undefined) this.terminate();
      throw error;
    }
  }

  get session(): Session {
    return this.#loan.driver.session;
  }

  get localAddress(): SocketAddress | undefined {
    return this.#loan.localAddress;
  }

  get remoteAddress(): SocketAddress | undefined {
    return this.#loan.remoteAddress;
  }

  get bufferedAmount(): number {
    return this.#loan.driver.bufferedAmount;
  }

  stats(): ConnectionStats {
    return this.#loan.driver.stats();
  }

  sendMessage(payload: ReadyData, isText: boolean, isCompressed?: boolean): void {
    this.write(() => this.#loan.driver.sendMessage(payload, isText, isCompressed));
  }

  sendFragment(
    payload: ReadyData,
    isText: boolean,
    isFinal: boolean,
    isCompressed?: boolean,
  ): void {
    this.write(() => this.#loan.driver.sendFragment(payload, isText, isFinal, isCompressed));
  }

  limitSending(deadline: number): void {
    this.#sendDeadline = deadline;
  }

  flush(): void {
    this.#halfDone.enter();
    try {
      this.#loan.driver.flush();
      this.#standIn.settle();
      this.#sendQueued();
    } finally {
      this.#sendDeadline = NEVER;
      this.#halfDone.leave();
    }
    this.#endIfOver();
  }

  hasLeft(): boolean {
    return this.#standIn.writableLength === 0 && !this.#standIn.hasDropped;
  }

  refresh(): void {
    if (!this.#loan.messages.isFull && now() - this.#lastReceived > STALE) this.pump(0);
  }

  pump(deadline: number): boolean {
    this.#flushAtOnce();
    if (this.session.state === 'closed') return false;
    const due = this.session.nextTimeout();
    const until = Math.min(deadline, due);
    const listening = this.hasLeft() ? NEVER : now() + LONGEST_LISTENING;
    const result = this.#receive(Math.min(until, listening));
    if (result === 'timeout' && now() < until) return true;
    // Whatever has come is a sign of life: only now is it known whether that is late.
    if (now() >= due) this.#loan.driver.handleTimeout();
    this.#flushAtOnce();
    return deadline === NEVER || now() < deadline;
  }

  terminate(): void {
    this.#loan.driver.terminate();
  }

  /** Has the event loop drive the connection again. */
  giveBack(): void {
    this.isRevoked = true;
    // A call that was ended from outside may have left it in a mode in which reading would stop the event loop.
    if (this.session.state !== 'closed') this.#calls.release();
    try {
      this.#standIn.handOver();
      this.#loan.driver.takeBack(this.#standIn);
    } finally {
      this.#loan.end();
    }
  }

  /** Sends what the system takes at once: who receives is not kept waiting for a peer that does not read. */
  #flushAtOnce(): void {
    this.#sendDeadline = 0;
    this.flush();
  }

  #sendQueued(): void {
    const { driver, messages } = this.#loan;
    while (this.#isSending()) {
      const time = now();
      if (time >= this.session.nextTimeout()) driver.handleTimeout();
      this.#sliceEnd = time + LONGEST_SENDING;
      this.#standIn.sendQueued(this.#sendUntil);
      this.#standIn.settle();
      if (messages.isFull || now() >= this.#sendDeadline) break;
      if (this.#isSending()) this.#receive(0);
    }
  }

  #isSending(): boolean {
    const { writableLength, isEnding, error } = this.#standIn;
    const isOver = isEnding || error !== undefined || this.session.state === 'closed';
    return writableLength > 0 && !isOver;
  }

  #take(bytes: Uint8Array, length: number): void {
    this.#lastReceived = now();
    this.#standIn.received += length;
    this.#loan.driver.receive(bytes, length);
  }

  #receive(deadline: number): ReceiveResult {
    try {
      const result = this.#channel.receive(deadline, this.#gate);
      if (result === 'end') this.session.receiveEof(now());
      return result;
    } catch (error) {
      this.#fail(error as Error);
      return 'end';
    } finally {
      // Between two calls the event loop may run, and look at the descriptor.
      if (this.session.state !== 'closed') this.#calls.release();
    }
  }

  /** Ends the connection if a write failed, or if the session has failed and said so. */
  #endIfOver(): void {
    const { error, isEnding } = this.#standIn;
    if (this.session.state === 'closed') return;
    if (error !== undefined) {
      // The peer has gone, but what it sent before may explain it and must be seen.
      while (this.#receive(0) === 'bytes') {
        // Each read delivers by itself.
      }
      this.#fail(error);
    } else if (isEnding) {
      // The caller is not kept waiting for the peer.
      this.#loan.driver.terminate();
    }
  }

  #fail(cause: Error): void {
    this.#loan.driver.terminate(toTransportError(cause));
  }
}

function callsOn(socket: Socket): SystemCalls {
  const calls = known.get(socket) ?? openDescriptor(socket);
  known.set(socket, calls);
  return calls;
}
