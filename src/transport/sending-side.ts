/**
 * The sending side of a driver: gathers frames in batches, decides when a batch leaves, and measures what waits.
 *
 * `docs/internals.md`, "How a batch leaves", has the rules.
 */
import type { WebSocketError } from '../errors.ts';
import type { Session } from '../protocol/session.ts';
import { now } from './clock.ts';
import type { DriverSink } from './driver-sink.ts';
import {
  isDeliveryUnderWay,
  type Scheduled,
  scheduleFlush,
  TurnMark,
  watchCork,
} from './flush-schedule.ts';
import { type Flusher, SocketOutput } from './send-arena.ts';
import { SlowPeerLimit } from './slow-peer.ts';
import type { DrivenSocket } from './socket.ts';
import { WriteProgress } from './write-progress.ts';

/**
 * A batch of so many bytes leaves before the turn ends. A client's batch gives the server work meanwhile (bench:
 * pipelined; half as much makes more system calls, twice as much leaves the server idle). A server has other clients
 * to serve meanwhile, and larger batches save system calls (bench: servers).
 */
const GOOD_BATCH = { client: 16 * 1024, server: 64 * 1024 } as const;

/** What a connection sends, from the calls that write frames to the socket. */
export abstract class SendingSide implements Flusher, Scheduled {
  session!: Session;
  /** Whether received messages are being delivered at this moment. */
  isDelivering = false;
  /** Bytes of sends that wait for their turn: {@link SendingSide.bufferedAmount} has them too. */
  queued = 0;
  /** Messages that the connection has refused to send. */
  messagesRefused = 0;
  protected readonly sink: DriverSink;
  protected readonly output: SocketOutput;
  /** The socket, or what stands in for it while the connection is lent. */
  protected activeSocket: DrivenSocket | undefined;
  protected isConnected = false;
  /** Whether the session has ended. */
  protected isEnded = false;
  /** Whether the sending side ends as soon as everything has left. */
  protected isShutdown = false;
  protected messagesSent = 0;
  /** When the present turn began. Made at the first send: an idle connection has none. */
  protected turn: TurnMark | undefined;
  readonly #highWaterMark: number;
  /** Bytes that may wait; infinity for no limit. */
  readonly #maxBufferedAmount: number;
  /** Bytes that waited at the last send at which they were within that limit. */
  #lastWithin = 0;
  /** Made once more bytes wait. */
  #slowPeer: SlowPeerLimit | undefined;
  /** How many calls of `cork` are under way, one within the other. */
  #corks = 0;
  #isFlushScheduled = false;
  #needsDrain = false;
  /** Made once a write has had to wait. */
  #progress: WriteProgress | undefined;
  /** Whether fragments of a message were sent, and its last one was not. */
  #isFragmented = false;

  constructor(sink: DriverSink, highWaterMark: number, maxBufferedAmount?: number) {
    this.sink = sink;
    this.#highWaterMark = Math.min(highWaterMark, maxBufferedAmount ?? highWaterMark);
    this.#maxBufferedAmount = maxBufferedAmount ?? Number.POSITIVE_INFINITY;
    this.output = new SocketOutput(this);
  }

  /** Ends the connection at once, without a closing handshake; it has failed with the error, if there is one. */
  abstract terminate(error?: WebSocketError): void;

  /** Bytes accepted for sending that have not been handed to the system. */
  get bufferedAmount(): number {
    if (this.isEnded) return 0;
    return this.queued + this.output.pending + (this.activeSocket?.writableLength ?? 0);
  }

  /**
   * The bytes that backpressure counts. Sends queued behind a message in fragments do not count: they leave after
   * that message, and its sender may be waiting for room itself.
   */
  get #countedAmount(): number {
    return this.#isFragmented ? this.bufferedAmount - this.queued : this.bufferedAmount;
  }

  /** Sends a message; the batch leaves later in this turn. Throws as the session's sends do. */
  sendMessage(payload: string | Uint8Array, isText: boolean, isCompressed?: boolean): void {
    if (typeof payload === 'string') this.session.sendText(payload, isCompressed);
    else this.session.sendBinary(payload, isText, isCompressed);
    this.#handleSent(true);
  }

  /** Sends a message that the connection's deflater has compressed. Throws as the session's sends do. */
  sendDeflated(deflated: Uint8Array, isText: boolean): void {
    this.session.sendDeflated(deflated, isText);
    this.#handleSent(true);
  }

  /** Sends a fragment of a message. Throws as the session's sends do. */
  sendFragment(
    payload: string | Uint8Array,
    isText: boolean,
    isFinal: boolean,
    isCompressed?: boolean,
  ): void {
    this.session.sendFragment(payload, isText, isFinal, isCompressed);
    this.#isFragmented = !isFinal;
    this.#handleSent(isFinal);
  }

  /** A frame was written. The caller's generator of masking keys may have ended the connection meanwhile. */
  #handleSent(isMessage: boolean): void {
    if (this.isEnded) {
      this.output.discard();
      throw this.session.closedError();
    }
    if (isMessage) this.messagesSent++;
    this.leave();
  }

  ping(payload: Uint8Array): void {
    if (this.isOverfull()) return;
    this.session.ping(payload);
    this.leave();
  }

  pong(payload: Uint8Array): void {
    if (this.isOverfull()) return;
    this.session.pong(payload);
    this.leave();
  }

  /** Tells whether more may be sent. After `false` the sink gets `onDrain` when there is room. */
  hasRoom(): boolean {
    if (this.#countedAmount <= this.#highWaterMark) return true;
    // A batch of this size need not grow: it may leave now.
    this.flush();
    if (this.#countedAmount <= this.#highWaterMark) return true;
    this.#needsDrain = true;
    return false;
  }

  /** Tells whether more waits than `maxBufferedAmount` allows; the connection is terminated then. */
  isOverfull(): boolean {
    const limit = this.#maxBufferedAmount;
    if (limit === Number.POSITIVE_INFINITY || !this.session.isOpen) return false;
    if (this.#slowPeer === undefined) {
      const { bufferedAmount } = this;
      if (bufferedAmount <= limit) {
        this.#lastWithin = bufferedAmount;
        return false;
      }
      this.#slowPeer = new SlowPeerLimit(limit, this, this.#lastWithin);
    }
    return this.#slowPeer.isPassed();
  }

  /** Tells the sink that there is room again, if `hasRoom` has returned false. */
  checkDrain(): void {
    if (!this.#needsDrain || this.isEnded) return;
    if (this.#countedAmount > this.#highWaterMark / 2) return;
    this.#needsDrain = false;
    this.sink.onDrain();
  }

  /** Runs `send` and lets everything that it sends leave in one batch. */
  cork(send: () => void): void {
    this.#corks++;
    // If `send` exits the process, what it has sent leaves all the same.
    const uncorked = watchCork(this);
    try {
      send();
    } finally {
      this.#corks--;
      uncorked();
      this.leave();
    }
  }

  /** Hands the batch to the socket. */
  flush(): void {
    if (!this.isConnected || this.isEnded) return;
    const socket = this.activeSocket as DrivenSocket;
    this.output.writeTo(socket);
    this.output.isBlocked = socket.writableLength > 0;
  }

  /** @internal */
  runScheduledFlush(): void {
    this.#isFlushScheduled = false;
    if (this.#corks === 0) this.flushNow();
  }

  /** A write that had to wait is done, or will never be. */
  handleWritten(): void {
    this.output.written();
    if (this.output.isBlocked) this.session.handleProgress(now());
    this.handleRoom();
  }

  /**
   * Lets the batch leave: now if it is the first of its turn or a good one, otherwise at the end of the turn. A
   * delivery gathers everything that is sent within it, on any connection.
   */
  protected leave(): void {
    if (this.#corks > 0) return;
    const { pending, isBlocked } = this.output;
    const isGood = pending >= GOOD_BATCH[this.session.role];
    if (!isBlocked && (isGood || this.#isFirstOfTurn())) this.flush();
    if (this.output.pending > 0 || this.isShutdown) this.scheduleFlush();
  }

  protected scheduleFlush(): void {
    if (this.isDelivering || this.#corks > 0 || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    scheduleFlush(this);
  }

  /** Flushes, and ends the sending side if the session wants that. */
  protected flushNow(): void {
    if (this.isEnded) return;
    this.flush();
    if (this.isShutdown && this.isConnected) {
      this.isShutdown = false;
      this.activeSocket?.end();
    }
    // A write that the system took at once gets no callback, so this is where room is noticed.
    this.checkDrain();
  }

  /** Goes on with what had to wait for room, if the socket has handed everything to the system. */
  protected handleRoom(): void {
    if (this.isEnded || (this.activeSocket?.writableLength ?? 0) > 0) return;
    if (this.output.isBlocked) {
      this.output.isBlocked = false;
      this.session.handleWritable(now());
      this.flushNow();
    }
    this.checkDrain();
  }

  /** Tells the session whether the system has taken any bytes since the last call. */
  protected noteProgress(): void {
    if (!this.output.isBlocked) return;
    this.#progress ??= new WriteProgress();
    if (this.#progress.hasMoved(this.activeSocket as DrivenSocket))
      this.session.handleProgress(now());
  }

  #isFirstOfTurn(): boolean {
    if (this.#isFlushScheduled || isDeliveryUnderWay()) return false;
    this.turn ??= new TurnMark();
    return this.turn.begin();
  }
}
