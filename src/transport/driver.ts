/**
 * Pumps one connection: socket ⇄ core ⇄ timer, for the async client, the events client and the server. The rules
 * are the core's, and the socket is Node's.
 */
import type { ConnectPhase, WebSocketError } from '../errors.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { ReceivedRequest, UpgradeRequest } from '../protocol/opening/server.ts';
import type { Output } from '../protocol/output.ts';
import type { Session } from '../protocol/session.ts';
import type { SessionSink } from '../protocol/session-options.ts';
import { nextTick, now } from './clock.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { DriverSink } from './driver-sink.ts';
import { DriverTimer, type TimerOwner } from './driver-timer.ts';
import { beginDelivery, endDelivery } from './flush-schedule.ts';
import { SendingSide } from './sending-side.ts';
import {
  type DrivenSocket,
  type OwnSocket,
  type SocketListener,
  toTransportError,
} from './socket.ts';
import { Undelivered } from './undelivered.ts';

/** The pump of one connection. {@link SendingSide} has its sends. */
export class Driver extends SendingSide implements SessionSink, SocketListener, TimerOwner {
  /** The socket that was attached, also while the connection is lent. */
  #ownSocket: OwnSocket | undefined;
  /** A client's request, until the socket is connected. It lies outside of the arena: a connect may hang. */
  #request: Uint8Array | undefined;
  /** Bytes that were read while the session was halted. Made when there are any. */
  #rest: Undelivered | undefined;
  readonly #timer: DriverTimer;
  messagesReceived = 0;
  /** Frames handed on one by one. */
  #framesReceived = 0;
  /** Bytes that went past our own socket, while the connection was lent. */
  #lentReceived = 0;
  #lentSent = 0;

  constructor(sink: DriverSink, highWaterMark: number, maxBufferedAmount?: number) {
    super(sink, highWaterMark, maxBufferedAmount);
    this.#timer = new DriverTimer(this);
  }

  /** Makes the session that this driver pumps, with its own output and itself as the sink. */
  begin(create: (output: Output, sink: SessionSink) => Session): void {
    this.session = create(this.output, this);
    this.#request = this.output.takeOut();
    this.#timer.arm();
  }

  /** The socket that was attached. */
  get socket(): OwnSocket | undefined {
    return this.#ownSocket;
  }

  stats(): ConnectionStats {
    return {
      bytesReceived: (this.activeSocket?.bytesRead ?? 0) + this.#lentReceived,
      bytesSent: (this.activeSocket?.bytesWritten ?? 0) + this.#lentSent,
      messagesReceived: this.messagesReceived,
      messagesSent: this.messagesSent,
      messagesRefused: this.messagesRefused,
    };
  }

  /** Takes charge of a socket; it may still be connecting. */
  attach(socket: OwnSocket): void {
    this.activeSocket = socket;
    this.#ownSocket = socket;
  }

  handlePhase(phase: ConnectPhase): void {
    this.sink.onPhase(phase);
    if (phase === 'upgrade') this.handleConnect();
  }

  /** The socket can be written: it is connected, and over TLS it is secured. */
  handleConnect(): void {
    this.isConnected = true;
    if (this.#request !== undefined && !this.isEnded) this.activeSocket?.write(this.#request);
    this.#request = undefined;
    this.flush();
  }

  handleEnd(): void {
    // Where TLS ends before it is secured, Node.js reports an error next.
    if (!this.isConnected) return;
    const end = (): void => this.session.receiveEof(now());
    // A client that has ended its side may wait for the answer to its request all the same.
    if (this.session.state === 'connecting' && this.session.isPaused) this.#undelivered.end ??= end;
    else this.#endAfterRest(end);
  }

  handleError(error: Error): void {
    this.#endAfterRest(() => this.session.connectionLost(toTransportError(error)));
  }

  handleClose(): void {
    this.#endAfterRest(() => this.session.abandon());
  }

  /** Takes `length` bytes read into `bytes`; false stops the reading. */
  receive(bytes: Uint8Array, length: number): boolean {
    if (this.#hasRest) {
      this.#keepRest(bytes, 0, length);
    } else {
      const next = this.#deliver(bytes, length);
      if (next < length) this.#keepRest(bytes, next, length);
    }
    return !this.session.isPaused && !this.#hasRest;
  }

  /** Takes a request that an HTTP server has read from the socket. */
  receiveRequest(request: ReceivedRequest): void {
    // What the handler of `open` sends leaves together with the answer.
    beginDelivery(this);
    this.isDelivering = true;
    try {
      this.session.receiveRequest(request, now());
    } finally {
      this.isDelivering = false;
      endDelivery();
    }
    this.flushNow();
  }

  /** Begins the closing handshake; reading goes on, so that the peer's answer is seen. */
  close(code: number | undefined, reason: string): void {
    this.session.close(code, reason, now());
    this.#timer.arm();
    this.leave();
    this.resume();
  }

  /** Fails the connection for a reason of ours. */
  fail(error: WebSocketError): void {
    this.session.fail(error, now());
  }

  terminate(error?: WebSocketError): void {
    if (error === undefined) this.session.abandon();
    else this.session.connectionLost(error);
  }

  accept(protocol: string, headers: readonly (readonly [string, string])[]): void {
    this.session.isPaused = false;
    this.session.accept(protocol, headers, now());
    this.leave();
    // A handler of `open` may have paused the connection.
    if (!this.session.isPaused) this.resume();
  }

  refuse(answer: Parameters<Session['refuse']>[0]): void {
    this.session.refuse(answer, now());
    this.leave();
  }

  /** Stops reading and delivering at once. */
  pause(): void {
    if (this.isEnded) return;
    this.session.isPaused = true;
    if (this.isConnected) this.activeSocket?.pause();
  }

  /** Delivers what waits, and reads on. */
  resume(): void {
    this.session.isPaused = false;
    if (this.#hasRest) this.#rest?.schedule();
    else if (this.#rest?.end !== undefined) nextTick(this.#rest.end);
    else if (this.isConnected) this.activeSocket?.resume();
  }

  ref(): void {
    this.activeSocket?.ref();
  }

  unref(): void {
    this.activeSocket?.unref();
  }

  /**
   * Puts a stand-in in the place of the socket, which the event loop leaves alone until `takeBack`. Meanwhile the
   * borrower gives what comes to `receive`, and watches the session's deadlines.
   */
  lend(standIn: DrivenSocket): void {
    this.#ownSocket?.pause();
    this.#timer.stop();
    this.activeSocket = standIn;
    this.session.isPaused = false;
    if (this.#hasRest) this.#deliverRest();
    this.handleRoom();
  }

  /** Puts the socket back in its place, paused: the connection resumes it. */
  takeBack({ bytesRead, bytesWritten }: DrivenSocket): void {
    const socket = this.#ownSocket as OwnSocket;
    this.#lentReceived += bytesRead - socket.bytesRead;
    this.#lentSent += bytesWritten - socket.bytesWritten;
    this.activeSocket = socket;
    if (this.isEnded) return;
    // Nothing was read since the borrower's last call, so the silence since then does not count against the peer.
    this.session.isPaused = true;
    // The last call may have sent what waited.
    this.handleRoom();
    this.handleTimeout();
  }

  /** While it is lent, the borrower watches the deadlines. */
  get isLent(): boolean {
    return this.activeSocket !== this.#ownSocket;
  }

  nextTimeout(): number {
    return this.session.nextTimeout();
  }

  /** Does what is due. Everything that has come was read before. @internal */
  handleTimeout(): void {
    if (this.isEnded) return;
    this.noteProgress();
    this.session.handleTimeout(now());
    if (this.isEnded) return;
    this.flushNow();
    // A peer that did not answer a ping will not answer a close frame either.
    if (this.session.isDead) this.terminate();
    else this.#timer.arm();
  }

  onRequest(request: UpgradeRequest): void {
    this.sink.onRequest?.(request);
  }

  onRefused(status: number, reason: string, isOfUpgrade: boolean): void {
    this.sink.onRefused?.(status, reason, isOfUpgrade);
  }

  onOpen(): void {
    this.#timer.arm();
    this.sink.onOpen();
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    this.messagesReceived++;
    this.sink.onMessage(bytes, start, end, isText, isOwn);
  }

  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void {
    this.#framesReceived++;
    if (isFinal) this.messagesReceived++;
    this.sink.onFrame(isFinal, opcode, bytes, start, end);
  }

  onPing(bytes: Uint8Array, start: number, end: number): void {
    this.sink.onPing(bytes, start, end);
  }

  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.sink.onPong(bytes, start, end);
  }

  onClosing(): void {
    this.sink.onClosing?.();
  }

  onFailure(error: WebSocketError): void {
    this.sink.onFailure(error);
  }

  onShutdown(): void {
    this.isShutdown = true;
    this.#timer.arm();
    this.scheduleFlush();
    // The peer's last bytes are read and dropped, also on a paused connection, so that its end is seen.
    this.session.isPaused = false;
    const end = this.#rest?.end;
    this.#rest?.clear();
    if (end !== undefined) nextTick(end);
    else if (this.isConnected) this.activeSocket?.resume();
  }

  onClosed(): void {
    this.isEnded = true;
    this.#rest?.clear();
    this.output.discard();
    this.#timer.stop();
    this.activeSocket?.destroy();
    this.sink.onClosed();
  }

  get #undelivered(): Undelivered {
    this.#rest ??= new Undelivered(() => this.#deliverRest());
    return this.#rest;
  }

  get #hasRest(): boolean {
    return this.#rest !== undefined && !this.#rest.isEmpty;
  }

  #deliver(bytes: Uint8Array, length: number): number {
    const before = this.messagesReceived + this.#framesReceived;
    beginDelivery(this);
    this.isDelivering = true;
    let next: number;
    let delivered: number;
    try {
      next = this.session.receive(bytes, 0, length, now());
      delivered = this.messagesReceived + this.#framesReceived - before;
      if (delivered > 0 && !this.isEnded) this.sink.onBatchEnd();
    } finally {
      this.isDelivering = false;
      endDelivery();
    }
    // A program that awaits several messages answers one after the other. Its answers are gathered: none of them is
    // the first send of a turn.
    if (delivered > 1) this.turn?.begin();
    if (this.session.state === 'closing') this.#timer.arm();
    this.flushNow();
    return next;
  }

  #keepRest(bytes: Uint8Array, start: number, end: number): void {
    this.#undelivered.add(bytes, start, end);
    if (this.isConnected) this.activeSocket?.pause();
    if (!this.session.isPaused && !this.session.isHalted) this.#undelivered.schedule();
  }

  #deliverRest(): void {
    const rest = this.#rest;
    if (rest === undefined || rest.isEmpty || this.isEnded || this.session.isPaused) return;
    const bytes = rest.take();
    const next = this.#deliver(bytes, bytes.length);
    if (this.isEnded) return;
    if (next < bytes.length) rest.putBack(bytes.subarray(next));
    else if (rest.end !== undefined) rest.end();
    else if (!this.session.isPaused) this.activeSocket?.resume();
  }

  /** Ends the connection. Bytes that were read before are delivered first, if the opening handshake is done. */
  #endAfterRest(end: () => void): void {
    const rest = this.#rest;
    if (rest === undefined || rest.isEmpty || this.session.state === 'connecting') {
      end();
      return;
    }
    rest.end ??= end;
    if (!this.session.isPaused) rest.schedule();
  }
}
