/**
 * What both blocking drivers have in common: when a connection is read and written, and how long
 * each may take. A driver adds how its bytes move.
 */

import type { ReadyData } from '../connection/data.ts';
import type { ReceiveQueue } from '../connection/receive-queue.ts';
import { WebSocketError } from '../errors.ts';
import type { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import type { PollGate } from '../transport/poll-gate.ts';
import { type SocketAddress, toTransportError } from '../transport/socket.ts';
import { type BlockingDriver, NEVER } from './blocking-driver.ts';
import type { Channel, Deadline, ReceiveResult } from './channels/channel.ts';
import { HalfDone } from './half-done.ts';

/** If nothing was read for so many ms, a send reads before it writes. */
const MAX_UNREAD = 50;
/** While something waits to be sent, a wait for bytes ends after so many ms, to try to send it again. */
const MAX_LISTENING = 5;

/** Pumps the bytes of one connection. */
export abstract class Pump implements BlockingDriver {
  abstract readonly session: Session;
  abstract readonly isRevoked: boolean;
  abstract readonly localAddress: SocketAddress | undefined;
  abstract readonly remoteAddress: SocketAddress | undefined;
  abstract readonly bufferedAmount: number;
  abstract readonly gathered: number;
  /** Messages received so far. */
  protected abstract readonly messagesReceived: number;
  /** Where the bytes come from and go to; `undefined` once the connection has ended. */
  protected abstract readonly channel: Channel | undefined;
  /** Messages that wait for `recv`. While the queue is full, nothing more is read. */
  protected readonly messages: ReceiveQueue;
  protected readonly gate: PollGate;
  protected readonly halfDone: HalfDone = new HalfDone();
  /** When sending gives up. What has not left by then waits for later calls. */
  protected sendDeadline: number = NEVER;
  /** The deadline of a send that waits for the peer. What it receives meanwhile may bring it forward. */
  protected readonly sendUntil: Deadline = () => {
    if (this.messages.isFull) return 0;
    // The request of the opening handshake may be sent before its session is there.
    const session: Session | undefined = this.session;
    return Math.min(this.sendDeadline, session?.nextTimeout() ?? NEVER);
  };
  protected lastReceived = 0;

  /** @param gate decides whether a wait polls before it sleeps */
  constructor(messages: ReceiveQueue, gate: PollGate) {
    this.messages = messages;
    this.gate = gate;
  }

  abstract stats(): ConnectionStats;
  abstract sendMessage(payload: ReadyData, isText: boolean, isCompressed?: boolean): void;
  abstract sendFragment(
    payload: ReadyData,
    isText: boolean,
    isFinal: boolean,
    isCompressed?: boolean,
  ): void;
  abstract cork(send: () => void): void;
  abstract flush(): void;
  abstract hasLeft(): boolean;
  /** Sends what earlier calls have left, as far as the system takes it at once; false if some of it still waits. */
  protected abstract catchUp(): boolean;
  /** Has the session do what its deadlines ask for. */
  protected abstract handleTimeout(): void;
  /** Ends the connection of a session that has failed. The caller does not wait for the peer. */
  protected abstract giveUp(): void;

  begin(): void {
    const error = this.halfDone.find(this.channel);
    if (error !== undefined) this.terminate(error);
  }

  write(write: (session: Session) => void): void {
    this.halfDone.enter();
    try {
      write(this.session);
    } catch (error) {
      this.sendDeadline = NEVER;
      // A frame that could not be written has failed the session: nothing more can be sent.
      if (this.session.failure !== undefined) this.giveUp();
      throw error;
    } finally {
      this.halfDone.leave();
    }
  }

  flushAtOnce(): void {
    this.sendDeadline = 0;
    this.flush();
  }

  limitSending(deadline: number): void {
    this.sendDeadline = deadline;
  }

  refresh(): void {
    if (!this.messages.isFull && now() - this.lastReceived > MAX_UNREAD) this.pump(0);
  }

  pump(deadline: number): boolean {
    if (this.channel === undefined) return false;
    let due: number;
    let result: ReceiveResult;
    try {
      const isBehind = !this.catchUp();
      const { channel } = this;
      // Catching up may have ended the connection. Its descriptor may be another's now.
      if (channel === undefined) return true;
      due = this.session.nextTimeout();
      const until = Math.min(deadline, due);
      const listening = isBehind ? now() + MAX_LISTENING : NEVER;
      result = this.waitForBytes(channel, Math.min(until, listening));
      if (result === 'timeout' && now() < until) return true;
    } catch (error) {
      this.fail(error as Error);
      return true;
    }
    if (result === 'end') this.session.receiveEof(now());
    // The deadline is checked after reading, since bytes that came in time may have moved it. It is checked
    // even if bytes come without end.
    else if (due !== NEVER && now() >= due) this.handleTimeout();
    else if (result === 'timeout') return false;
    // Does not wait: a peer that does not read must not keep the caller from receiving.
    this.sendDeadline = 0;
    this.flush();
    return deadline === NEVER || now() < deadline;
  }

  terminate(error?: WebSocketError): void {
    this.session.receiveError(error);
  }

  /**
   * Waits for bytes and delivers them. What is sent in answer, such as a pong, leaves now or later but does
   * not wait: a send that waits receives, into the memory that is being delivered.
   */
  protected waitForBytes(channel: Channel, deadline: number): ReceiveResult {
    this.sendDeadline = 0;
    this.gate.messages = this.messagesReceived;
    try {
      return channel.receive(deadline, this.gate);
    } finally {
      this.sendDeadline = NEVER;
    }
  }

  /** Fails the connection after reading or writing has failed. */
  protected fail(cause: Error): void {
    this.terminate(cause instanceof WebSocketError ? cause : toTransportError(cause));
  }

  /** Fails the connection after a write failed. What the peer sent before may say why, so it is read first. */
  protected handleWriteError(error: Error): void {
    try {
      while (this.channel?.receive(0, this.gate) === 'bytes') {
        // Each read delivers by itself.
      }
    } catch {
      // The error of the write came first, and is the one to report.
    }
    this.fail(error);
  }
}
