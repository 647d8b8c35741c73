/**
 * Drives a connection of the async client by blocking calls, for a while. The connection keeps its
 * session and its driver. A stand-in takes the place of its socket, and what the event loop did is
 * done within the calls: reading, writing, watching the clock.
 */
import type { Socket } from 'node:net';
import type { ReadyData } from '../connection/data.ts';
import type { Loan } from '../connection/lending.ts';
import { ConcurrencyError } from '../errors.ts';
import type { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import { gateFor } from '../transport/poll-gate.ts';
import type { SocketAddress } from '../transport/socket.ts';
import { NEVER } from './blocking-driver.ts';
import type { SystemCalls } from './calls/system-calls.ts';
import type { Channel, Deadline, ReceiveResult } from './channels/channel.ts';
import { PlainChannel } from './channels/plain.ts';
import { LentSocket } from './lent-socket.ts';
import { openDescriptor } from './open-channel.ts';
import { Pump } from './pump.ts';

/** A send that waits looks at the clock, and reads what has come, at least every so many ms. */
const MAX_SENDING = 100;

/** The calls of sockets that were lent before: making them costs more than a loan. */
const known = new WeakMap<Socket, SystemCalls>();

/** The driver of one connection, while it is lent. */
export class LentDriver extends Pump {
  isRevoked = false;
  readonly #loan: Loan;
  readonly #calls: SystemCalls;
  readonly #channel: PlainChannel;
  readonly #standIn: LentSocket;
  /** When the next look at the clock is due. */
  #sliceEnd = 0;
  readonly #sliceUntil: Deadline = () =>
    this.#standIn.isEnding ? 0 : Math.min(this.sendUntil(), this.#sliceEnd);

  /**
   * @throws ConcurrencyError if something sent before has not left yet
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` over TLS, and where the socket has no descriptor
   */
  constructor(loan: Loan) {
    const { driver, options } = loan;
    super(loan.messages, gateFor(options.busyPoll));
    const socket = driver.socket as Socket;
    this.#calls = callsOn(socket);
    if (socket.writableLength > 0) {
      throw new ConcurrencyError(
        'toSync: the peer has not taken all that was sent before; await a ping() first: its pong tells that it has',
      );
    }
    this.#loan = loan;
    this.#channel = new PlainChannel(this.#calls, (bytes, _start, end) => this.#take(bytes, end));
    this.#standIn = new LentSocket(socket, this.#channel, options.closeTimeout);
    driver.lend(this.#standIn);
    this.catchUp();
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

  get gathered(): number {
    return 0;
  }

  protected get messagesReceived(): number {
    return this.#loan.driver.messagesReceived;
  }

  stats(): ConnectionStats {
    return this.#loan.driver.stats();
  }

  cork(send: () => void): void {
    this.#loan.driver.cork(send);
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

  flush(): void {
    this.halfDone.enter();
    try {
      this.#loan.driver.flush();
      this.#standIn.settle();
      this.#sendQueued();
    } finally {
      this.sendDeadline = NEVER;
      this.halfDone.leave();
    }
    const { error, isEnding } = this.#standIn;
    if (this.session.state === 'closed') return;
    if (error !== undefined) this.handleWriteError(error);
    else if (isEnding) this.giveUp();
  }

  hasLeft(): boolean {
    return this.#standIn.writableLength === 0 && !this.#standIn.hasDropped;
  }

  /** Gives the connection back to the event loop. */
  giveBack(): void {
    this.isRevoked = true;
    // A call that was cut off may have left the descriptor in a mode in which a read blocks the event loop.
    if (this.session.state !== 'closed') this.#calls.release();
    try {
      this.#standIn.handOver();
      this.#loan.driver.takeBack(this.#standIn);
    } finally {
      this.#loan.end();
    }
  }

  protected get channel(): Channel | undefined {
    return this.session.state === 'closed' ? undefined : this.#channel;
  }

  protected catchUp(): boolean {
    this.sendDeadline = 0;
    this.flush();
    return this.hasLeft();
  }

  protected handleTimeout(): void {
    this.#loan.driver.handleTimeout();
  }

  protected giveUp(): void {
    this.terminate();
  }

  protected override waitForBytes(channel: Channel, deadline: number): ReceiveResult {
    try {
      return super.waitForBytes(channel, deadline);
    } finally {
      // The event loop may run between two calls, and may read the descriptor.
      if (this.session.state !== 'closed') this.#calls.release();
    }
  }

  #sendQueued(): void {
    while (this.#isSending()) {
      const time = now();
      if (time >= this.session.nextTimeout()) this.handleTimeout();
      this.#sliceEnd = time + MAX_SENDING;
      this.#standIn.sendQueued(this.#sliceUntil);
      this.#standIn.settle();
      if (this.messages.isFull || now() >= this.sendDeadline) break;
      if (this.#isSending()) this.#receiveAvailable();
    }
  }

  #isSending(): boolean {
    const { writableLength, isEnding, error } = this.#standIn;
    const isOver = isEnding || error !== undefined || this.session.state === 'closed';
    return writableLength > 0 && !isOver;
  }

  /** Reads what has come while a send waits: it may be the end of the connection. */
  #receiveAvailable(): void {
    try {
      if (this.#channel.receive(0, this.gate) === 'end') this.session.receiveEof(now());
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #take(bytes: Uint8Array, length: number): void {
    this.lastReceived = now();
    this.#standIn.received += length;
    this.#loan.driver.receive(bytes, length);
  }
}

function callsOn(socket: Socket): SystemCalls {
  const calls = known.get(socket) ?? openDescriptor(socket);
  known.set(socket, calls);
  return calls;
}
