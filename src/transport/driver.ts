/**
 * Pumps one connection: socket ⇄ core ⇄ timer. The async face, the events face and the server
 * stand on it; the rules are the core's, the socket is Node's, and this is all there is between.
 */
import type { Socket } from 'node:net';
import type { ConnectPhase, WebSocketError } from '../errors.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { UpgradeRequest } from '../protocol/opening/server.ts';
import type { Output } from '../protocol/output.ts';
import type { Session } from '../protocol/session.ts';
import type { SessionSink } from '../protocol/session-options.ts';
import { nextTick, now } from './clock.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { DriverOwner } from './driver-owner.ts';
import { DriverTimer, type TimerOwner } from './driver-timer.ts';
import {
  beginDelivery,
  endDelivery,
  isDeliveryUnderWay,
  type Scheduled,
  scheduleFlush,
  TurnMark,
  watchCork,
} from './flush-schedule.ts';
import { type Flusher, SocketOutput } from './send-arena.ts';
import { SlowPeerLimit } from './slow-peer.ts';
import { type DrivenSocket, type SocketListener, toTransportError } from './socket.ts';
import { Undelivered } from './undelivered.ts';
import { WriteProgress } from './write-progress.ts';

/**
 * Bytes that wait for no more company: they give a server something to do while the rest of the turn
 * is being worked on (bench: pipelined; half as much makes more system calls, twice as much idles). A
 * server has others to serve meanwhile, and saves the calls (bench: servers).
 */
const GOOD_BATCH = { client: 16 * 1024, server: 64 * 1024 } as const;

/** The pump of one connection. */
export class Driver implements SessionSink, SocketListener, Flusher, Scheduled, TimerOwner {
  readonly #owner: DriverOwner;
  readonly #output: SocketOutput;
  readonly #highWaterMark: number;
  /** Nothing for no limit. */
  readonly #slowPeer: SlowPeerLimit | undefined;
  /** Bytes that wait for their turn before they can be written. */
  queued = 0;
  #session!: Session;
  /** The socket, or what stands in for it while the connection is lent. */
  #socket: DrivenSocket | undefined;
  #ownSocket: Socket | undefined;
  #isConnected = false;
  /** Inside a delivery: what is sent leaves at its end. */
  #isDelivering = false;
  #corks = 0;
  #isFlushScheduled = false;
  /** Made at the first send: an idle connection has none. */
  #turn: TurnMark | undefined;
  /** A client's request, while its socket is not connected: a connect that hangs must pin no slab. */
  #request: Uint8Array | undefined;
  #isShutdown = false;
  #needsDrain = false;
  /** Made once a write has had to wait. */
  #progress: WriteProgress | undefined;
  #isEnded = false;
  /** What was read but not delivered, because the session was halted. */
  #rest: Undelivered | undefined;
  readonly #timer: DriverTimer;
  #messagesReceived = 0;
  /** Frames handed on one by one. */
  #framesReceived = 0;
  #messagesSent = 0;
  /** Messages that the owner has refused to send. */
  messagesRefused = 0;
  /** Whether the last message sent is one in fragments, and not complete. */
  #isFragmented = false;
  /** Bytes that have not gone through our own socket. */
  #lentReceived = 0;
  #lentSent = 0;

  constructor(owner: DriverOwner, highWaterMark: number, maxBufferedAmount?: number) {
    this.#owner = owner;
    this.#highWaterMark = Math.min(highWaterMark, maxBufferedAmount ?? highWaterMark);
    if (maxBufferedAmount !== undefined) {
      this.#slowPeer = new SlowPeerLimit(maxBufferedAmount, this);
    }
    this.#output = new SocketOutput(this);
    this.#timer = new DriverTimer(this);
  }

  /** Makes the session that this driver pumps, with its own output and itself as the sink. */
  begin(create: (output: Output, sink: SessionSink) => Session): void {
    this.#session = create(this.#output, this);
    this.#request = this.#output.takeOut();
    this.#timer.arm();
  }

  get session(): Session {
    return this.#session;
  }

  get socket(): Socket | undefined {
    return this.#ownSocket;
  }

  /** Whether what came is being delivered at this moment. */
  get isDelivering(): boolean {
    return this.#isDelivering;
  }

  /** Bytes accepted for sending that have not been handed to the system. */
  get bufferedAmount(): number {
    if (this.#isEnded) return 0;
    return this.queued + this.#output.pending + (this.#socket?.writableLength ?? 0);
  }

  /**
   * Bytes that have to leave before there is room: what is queued behind a message in fragments does
   * not leave before that, whose sender may be the one who waits.
   */
  get #leaving(): number {
    return this.#isFragmented ? this.bufferedAmount - this.queued : this.bufferedAmount;
  }

  stats(): ConnectionStats {
    return {
      bytesReceived: (this.#socket?.bytesRead ?? 0) + this.#lentReceived,
      bytesSent: (this.#socket?.bytesWritten ?? 0) + this.#lentSent,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
      messagesRefused: this.messagesRefused,
    };
  }

  /** Takes charge of a socket; it may still be connecting. */
  attach(socket: Socket): void {
    this.#socket = socket;
    this.#ownSocket = socket;
  }

  handlePhase(phase: ConnectPhase): void {
    this.#owner.onPhase(phase);
    if (phase === 'upgrade') this.handleConnect();
  }

  handleEnd(): void {
    // TLS that ends before it is there is an error, which Node.js tells next.
    if (!this.#isConnected) return;
    this.#endAfterRest(() => this.#session.receiveEof(now()));
  }

  handleError(error: Error): void {
    this.#fail(toTransportError(error));
  }

  handleClose(): void {
    this.#fail(undefined);
  }

  /** The socket can be written: connected, and over TLS secured. */
  handleConnect(): void {
    this.#isConnected = true;
    if (this.#request !== undefined && !this.#isEnded) this.#socket?.write(this.#request);
    this.#request = undefined;
    this.flush();
  }

  /** Takes `length` bytes read into `bytes`; false stops the reading. */
  receive(bytes: Uint8Array, length: number): boolean {
    if (this.#hasRest) {
      this.#keepRest(bytes, 0, length);
    } else {
      const next = this.#deliver(bytes, length);
      if (next < length) this.#keepRest(bytes, next, length);
    }
    return !this.#session.isPaused && !this.#hasRest;
  }

  /** Sends a message; the batch leaves later in this turn. Throws as the session's sends do. */
  sendMessage(payload: string | Uint8Array, isText: boolean, isCompressed?: boolean): void {
    if (typeof payload === 'string') this.#session.sendText(payload, isCompressed);
    else this.#session.sendBinary(payload, isText, isCompressed);
    this.#handleSent(true);
  }

  /** Sends a message that the connection's deflater has compressed. Throws as the session's sends do. */
  sendDeflated(deflated: Uint8Array, isText: boolean): void {
    this.#session.sendDeflated(deflated, isText);
    this.#handleSent(true);
  }

  /** Sends a fragment of a message. Throws as the session's sends do. */
  sendFragment(
    payload: string | Uint8Array,
    isText: boolean,
    isFinal: boolean,
    isCompressed?: boolean,
  ): void {
    this.#session.sendFragment(payload, isText, isFinal, isCompressed);
    this.#isFragmented = !isFinal;
    this.#handleSent(isFinal);
  }

  /** Something was written. A generator of masking keys may have ended the connection meanwhile. */
  #handleSent(isMessage: boolean): void {
    if (this.#isEnded) {
      this.#output.discard();
      throw this.#session.closedError();
    }
    if (isMessage) this.#messagesSent++;
    this.#leave();
  }

  /** Tells whether more may be sent; if not, the owner is told when it may. */
  hasRoom(): boolean {
    if (this.#leaving <= this.#highWaterMark) return true;
    // So much needs no company to make a good batch.
    this.flush();
    if (this.#leaving <= this.#highWaterMark) return true;
    this.#needsDrain = true;
    return false;
  }

  /** Tells whether the peer takes too slowly what waits for it; the connection is lost then. */
  isOverfull(): boolean {
    return this.#slowPeer !== undefined && this.#session.isOpen && this.#slowPeer.isPassed();
  }

  /** Tells the owner, if it waits for it, that there is room again. */
  checkDrain(): void {
    if (!this.#needsDrain || this.#isEnded) return;
    if (this.#leaving > this.#highWaterMark / 2) return;
    this.#needsDrain = false;
    this.#owner.onDrain();
  }

  ping(payload: Uint8Array): void {
    if (this.isOverfull()) return;
    this.#session.ping(payload);
    this.#leave();
  }

  pong(payload: Uint8Array): void {
    if (this.isOverfull()) return;
    this.#session.pong(payload);
    this.#leave();
  }

  /** Begins the closing handshake; reading goes on, so that the peer's answer is seen. */
  close(code: number | undefined, reason: string): void {
    this.#session.close(code, reason, now());
    this.#timer.arm();
    this.#leave();
    this.resume();
  }

  /** Fails the connection for a reason of ours. */
  fail(error: WebSocketError): void {
    this.#session.fail(error, now());
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate(error?: WebSocketError): void {
    this.#session.receiveError(error);
  }

  accept(protocol: string, headers: readonly (readonly [string, string])[]): void {
    this.#session.isPaused = false;
    this.#session.accept(protocol, headers, now());
    this.#leave();
    // Whoever was told that it is open may have paused it.
    if (!this.#session.isPaused) this.resume();
  }

  refuse(answer: Parameters<Session['refuse']>[0]): void {
    this.#session.refuse(answer, now());
    this.#leave();
  }

  /** Stops reading and delivering at once. */
  pause(): void {
    if (this.#isEnded) return;
    this.#session.isPaused = true;
    if (this.#isConnected) this.#socket?.pause();
  }

  /** Delivers what waits, and reads on. */
  resume(): void {
    this.#session.isPaused = false;
    if (this.#hasRest) this.#rest?.schedule();
    else if (this.#isConnected) this.#socket?.resume();
  }

  /** Runs `send` and lets all that it sends leave in one batch. */
  cork(send: () => void): void {
    this.#corks++;
    // Whoever exits within has sent all the same.
    const uncorked = watchCork(this);
    try {
      send();
    } finally {
      this.#corks--;
      uncorked();
      this.#leave();
    }
  }

  /**
   * Puts a stand-in in the place of the socket, which the event loop leaves alone until `takeBack`.
   * Who moves the bytes meanwhile gives to `receive` what comes, and watches the session's deadlines.
   */
  lend(standIn: DrivenSocket): void {
    this.#ownSocket?.pause();
    this.#timer.stop();
    this.#socket = standIn;
    this.#session.isPaused = false;
    if (this.#hasRest) this.#deliverRest();
    this.#handleRoom();
  }

  /** Puts the socket back in its place, paused: the owner resumes it. */
  takeBack({ bytesRead, bytesWritten }: DrivenSocket): void {
    const socket = this.#ownSocket as Socket;
    this.#lentReceived += bytesRead - socket.bytesRead;
    this.#lentSent += bytesWritten - socket.bytesWritten;
    this.#socket = socket;
    if (this.#isEnded) return;
    // Nobody has listened since the last call: the silence says nothing of the peer.
    this.#session.isPaused = true;
    // What waited may have left with the last call.
    this.#handleRoom();
    this.handleTimeout();
  }

  ref(): void {
    this.#socket?.ref();
  }

  unref(): void {
    this.#socket?.unref();
  }

  /** Hands the batch to the socket. */
  flush(): void {
    if (!this.#isConnected || this.#isEnded) return;
    const socket = this.#socket as DrivenSocket;
    this.#output.writeTo(socket);
    this.#output.isBlocked = socket.writableLength > 0;
  }

  onRequest(request: UpgradeRequest): void {
    this.#owner.onRequest?.(request);
  }

  onOpen(): void {
    this.#timer.arm();
    this.#owner.onOpen();
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    this.#messagesReceived++;
    this.#owner.onMessage(bytes, start, end, isText, isOwn);
  }

  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void {
    this.#framesReceived++;
    if (isFinal) this.#messagesReceived++;
    this.#owner.onFrame(isFinal, opcode, bytes, start, end);
  }

  onPing(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.onPing(bytes, start, end);
  }

  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.onPong(bytes, start, end);
  }

  onClosing(): void {
    this.#owner.onClosing?.();
  }

  onFailure(error: WebSocketError): void {
    this.#owner.onFailure(error);
  }

  onShutdown(): void {
    this.#isShutdown = true;
    this.#timer.arm();
    this.#scheduleFlush();
    // The peer's last bytes are read and dropped, so that its end is seen, be the connection paused or not.
    this.#session.isPaused = false;
    const end = this.#rest?.end;
    this.#rest?.clear();
    if (end !== undefined) nextTick(end);
    else if (this.#isConnected) this.#socket?.resume();
  }

  onClosed(): void {
    this.#isEnded = true;
    this.#rest?.clear();
    this.#output.discard();
    this.#timer.stop();
    this.#socket?.destroy();
    this.#owner.onClosed();
  }

  get #hasRest(): boolean {
    return this.#rest !== undefined && !this.#rest.isEmpty;
  }

  #deliver(bytes: Uint8Array, length: number): number {
    const before = this.#messagesReceived + this.#framesReceived;
    beginDelivery(this);
    this.#isDelivering = true;
    let next: number;
    let delivered: number;
    try {
      next = this.#session.receive(bytes, 0, length, now());
      delivered = this.#messagesReceived + this.#framesReceived - before;
      if (delivered > 0 && !this.#isEnded) this.#owner.onBatchEnd();
    } finally {
      this.#isDelivering = false;
      endDelivery();
    }
    // Whoever awaits several messages answers them one after the other: the answers are gathered.
    if (delivered > 1) this.#turn?.begin();
    if (this.#session.state === 'closing') this.#timer.arm();
    this.#flushNow();
    return next;
  }

  #keepRest(bytes: Uint8Array, start: number, end: number): void {
    this.#rest ??= new Undelivered(() => this.#deliverRest());
    this.#rest.add(bytes, start, end);
    if (this.#isConnected) this.#socket?.pause();
    if (!this.#session.isPaused && !this.#session.isHalted) this.#rest.schedule();
  }

  #deliverRest(): void {
    const rest = this.#rest;
    if (rest === undefined || rest.isEmpty || this.#isEnded || this.#session.isPaused) return;
    const bytes = rest.take();
    const next = this.#deliver(bytes, bytes.length);
    if (this.#isEnded) return;
    if (next < bytes.length) rest.putBack(bytes.subarray(next));
    else if (rest.end !== undefined) rest.end();
    else if (!this.#session.isPaused) this.#socket?.resume();
  }

  /**
   * Has what was sent leave: now if it is the first of its turn or a good batch, otherwise with the rest
   * of the turn. A delivery gathers what is sent within, to whichever connection.
   */
  #leave(): void {
    if (this.#corks > 0) return;
    const { pending, isBlocked } = this.#output;
    const isGood = pending >= GOOD_BATCH[this.#session.role];
    if (!isBlocked && (isGood || this.#isFirstOfTurn())) this.flush();
    if (this.#output.pending > 0 || this.#isShutdown) this.#scheduleFlush();
  }

  #isFirstOfTurn(): boolean {
    if (this.#isFlushScheduled || isDeliveryUnderWay()) return false;
    this.#turn ??= new TurnMark();
    return this.#turn.begin();
  }

  #scheduleFlush(): void {
    if (this.#isDelivering || this.#corks > 0 || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    scheduleFlush(this);
  }

  /** @internal */
  runScheduledFlush(): void {
    this.#isFlushScheduled = false;
    if (this.#corks === 0) this.#flushNow();
  }

  /** Flushes, and ends the sending side if that was all. */
  #flushNow(): void {
    if (this.#isEnded) return;
    this.flush();
    if (this.#isShutdown && this.#isConnected) {
      this.#isShutdown = false;
      this.#socket?.end();
    }
    // Nobody tells when what has left at once is done.
    this.checkDrain();
  }

  /** A write that had to wait is done, or will never be. */
  handleWritten(): void {
    this.#output.written();
    if (this.#output.isBlocked) this.#session.handleProgress(now());
    this.#handleRoom();
  }

  #handleRoom(): void {
    if (this.#isEnded || (this.#socket?.writableLength ?? 0) > 0) return;
    if (this.#output.isBlocked) {
      this.#output.isBlocked = false;
      this.#session.handleWritable(now());
      this.#flushNow();
    }
    this.checkDrain();
  }

  /** The socket failed, or closed. */
  #fail(error: WebSocketError | undefined): void {
    this.#endAfterRest(() => this.#session.receiveError(error));
  }

  /** What was read before the end is delivered before it, when it may be. */
  #endAfterRest(end: () => void): void {
    const rest = this.#rest;
    if (rest === undefined || rest.isEmpty || this.#session.state === 'connecting') {
      end();
      return;
    }
    rest.end ??= end;
    if (!this.#session.isPaused) rest.schedule();
  }

  nextTimeout(): number {
    return this.#session.nextTimeout();
  }

  /** Whoever drives a lent connection keeps its time as well. */
  get isLent(): boolean {
    return this.#socket !== this.#ownSocket;
  }

  /** Does what the time asks for, after what has come was read. @internal */
  handleTimeout(): void {
    if (this.#isEnded) return;
    this.#noteProgress();
    this.#session.handleTimeout(now());
    if (this.#isEnded) return;
    this.#flushNow();
    // Nobody is there to answer our close frame.
    if (this.#session.isDead) this.terminate();
    else this.#timer.arm();
  }

  /** Tells the session whether anything has left since this was last asked. */
  #noteProgress(): void {
    if (!this.#output.isBlocked) return;
    this.#progress ??= new WriteProgress();
    if (this.#progress.hasMoved(this.#socket as DrivenSocket)) this.#session.handleProgress(now());
  }
}
