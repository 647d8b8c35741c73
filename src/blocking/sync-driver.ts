/**
 * Pumps one connection by blocking calls: the same core as everywhere, over a channel.
 */
import { isIP } from 'node:net';
import type { ReadyData } from '../connection/data.ts';
import { clientOptions, clientSessionOptions, KEPT } from '../dial/client-session.ts';
import { explainConnectFailure } from '../dial/connect-error.ts';
import { secureOptions } from '../dial/secure-options.ts';
import type { Target } from '../dial/target.ts';
import { checkTlsOptions, dialingOptions, refuseLookup } from '../dial/tls-options.ts';
import { type ConnectPhase, TimeoutError, WebSocketError } from '../errors.ts';
import type { ResolvedConnectOptions } from '../options/options.ts';
import type { Opcode } from '../protocol/frame.ts';
import { Session } from '../protocol/session.ts';
import type { SessionSink } from '../protocol/session-options.ts';
import { now } from '../transport/clock.ts';
import { compressionFor } from '../transport/compression/compression.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import { sessionLimits } from '../transport/session-limits.ts';
import { type SocketAddress, toTransportError } from '../transport/socket.ts';
import { SpinGate, usualSpin } from '../transport/spin-gate.ts';
import type { BlockingDriver } from './blocking-driver.ts';
import { alone, checkAlone } from './callers-function.ts';
import {
  AT_ONCE,
  type Channel,
  type ChannelReader,
  type Deadline,
  type ReceiveResult,
} from './channels/channel.ts';
import { HalfDone } from './half-done.ts';
import { openChannel } from './open-channel.ts';
import { SyncOutput } from './sync-output.ts';
import { type ConnectedSocket, RefusedOptions, socketBroker } from './worker/socket-broker.ts';

/** Who owns a connection and is told what comes. Payloads are valid until the call returns. */
export interface SyncOwner {
  /** Whether nothing more is to be received before what has come was taken. */
  readonly isFull: boolean;
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  onPong(bytes: Uint8Array, start: number, end: number): void;
}

/** How long nothing may have been read before a send looks first for what has come, in ms. */
const STALE = 50;
/** How long to listen at most before trying again to send what the peer did not take in time, in ms. */
const LONGEST_LISTENING = 5;
const NEVER = Number.POSITIVE_INFINITY;

/** The pump of one connection. */
export class SyncDriver implements SessionSink, BlockingDriver {
  session!: Session;
  readonly isRevoked = false;
  readonly #owner: SyncOwner;
  readonly #gate: SpinGate;
  /** When sending gives up: what has not left then is kept. */
  #sendDeadline = NEVER;
  /** When a send gives up, which what it receives meanwhile may bring forward. */
  readonly #sendUntil: Deadline = () => {
    if (this.#owner.isFull) return 0;
    // While the session is being made, its request may be larger than the output.
    const session: Session | undefined = this.session;
    return Math.min(this.#sendDeadline, session?.nextTimeout() ?? NEVER);
  };
  #output!: SyncOutput;
  #channel: Channel | undefined;
  #socket: ConnectedSocket | undefined;
  #local: SocketAddress | undefined;
  #remote: SocketAddress | undefined;
  readonly #closeTimeout: number;
  readonly #halfDone = new HalfDone();
  #isOpened = false;
  #isShutdownWanted = false;
  /** Whether something was sent after the end. */
  #hasDropped = false;
  #lastReceived = 0;
  #bytesReceived = 0;
  #bytesSent = 0;
  #messagesReceived = 0;
  #messagesSent = 0;

  /**
   * Connects: DNS and TCP in the worker, TLS and upgrade here.
   *
   * @throws ConnectError, TimeoutError
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where there is no way to do that
   */
  constructor(target: Target, options: ResolvedConnectOptions, owner: SyncOwner) {
    checkAlone();
    this.#owner = owner;
    this.#gate = new SpinGate(options.busyPoll ?? usualSpin(target.isSecure));
    this.#closeTimeout = options.closeTimeout;
    checkTlsOptions(options.tls);
    if (target.isSecure) refuseLookup(options.tls);
    let phase: ConnectPhase = isIP(target.hostname) === 0 ? 'dns' : 'tcp';
    try {
      const begun = now();
      const deadline = options.connectTimeout === 0 ? NEVER : begun + options.connectTimeout;
      this.#openSocket(target, options, deadline, () => {
        phase = 'tcp';
      });
      if (target.isSecure) phase = 'tls';
      this.#openChannel(target, options, deadline);
      phase = 'upgrade';
      this.#upgrade(target, options, begun, deadline);
    } catch (error) {
      this.#release(0);
      // Options that `tls.connect` refuses are the caller's mistake.
      if (error instanceof RefusedOptions) throw error.cause;
      if (error instanceof WebSocketError && error.code === 'WS_SYNC_UNSUPPORTED') throw error;
      throw explainConnectFailure(error, { target, phase, hasAnswered: this.#bytesReceived > 0 });
    }
  }

  get localAddress(): SocketAddress | undefined {
    return this.#local;
  }

  get remoteAddress(): SocketAddress | undefined {
    return this.#remote;
  }

  /** Bytes that a send could not hand to the system in its time. */
  get bufferedAmount(): number {
    return this.#channel === undefined ? 0 : this.#output.backlog + this.#channel.pending;
  }

  /** Tells whether all that was sent has been handed to the system. */
  hasLeft(): boolean {
    if (this.#hasDropped) return false;
    try {
      return !this.#output.isBlocked && this.#channel?.flush(AT_ONCE) !== false;
    } catch (error) {
      this.#fail(error as Error);
      return true;
    }
  }

  stats(): ConnectionStats {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
      messagesRefused: 0,
    };
  }

  begin(): void {
    const error = this.#halfDone.find(this.#channel);
    if (error !== undefined) this.session.receiveError(error);
  }

  sendMessage(payload: ReadyData, isText: boolean, isCompressed?: boolean): void {
    this.write((session) => {
      if (typeof payload === 'string') session.sendText(payload, isCompressed);
      else session.sendBinary(payload, isText, isCompressed);
    });
    this.#messagesSent++;
  }

  sendFragment(
    payload: ReadyData,
    isText: boolean,
    isFinal: boolean,
    isCompressed?: boolean,
  ): void {
    this.write((session) => session.sendFragment(payload, isText, isFinal, isCompressed));
    if (isFinal) this.#messagesSent++;
  }

  write(write: (session: Session) => void): void {
    this.#halfDone.enter();
    try {
      write(this.session);
    } catch (error) {
      this.#sendDeadline = NEVER;
      // A frame that could not be written has ended the session.
      if (this.#isShutdownWanted) this.#shutdown();
      throw error;
    } finally {
      this.#halfDone.leave();
    }
  }

  /**
   * Waits for the next bytes and delivers what they bring; false once the deadline has passed,
   * whatever still comes. May return early with nothing delivered. The session's own deadlines are
   * kept as well.
   */
  pump(deadline: number): boolean {
    const channel = this.#channel;
    if (channel === undefined) return false;
    const due = this.session.nextTimeout();
    let result: ReceiveResult;
    try {
      const until = Math.min(deadline, due);
      const isBehind = !this.#catchUp(channel);
      // That may have ended the connection, and its descriptor is another's then.
      if (this.#channel !== channel) return true;
      const listening = isBehind ? now() + LONGEST_LISTENING : NEVER;
      result = this.#receiveFrom(channel, Math.min(until, listening));
      if (result === 'timeout' && now() < until) return true;
    } catch (error) {
      this.#fail(error as Error);
      return true;
    }
    if (result === 'end') this.session.receiveEof(now());
    else if (result === 'timeout' && now() < due) return false;
    // A peer that never falls silent must not keep a deadline from being seen.
    else if (result === 'timeout' || due !== NEVER) this.session.handleTimeout(now());
    // Who receives is not kept waiting for a peer that does not read.
    this.#sendDeadline = 0;
    this.flush();
    return deadline === NEVER || now() < deadline;
  }

  /** Delivers what has come already, where nobody has looked for a while: pings want an answer. */
  refresh(): void {
    if (!this.#owner.isFull && now() - this.#lastReceived > STALE) this.pump(0);
  }

  /** Bounds what is sent until the next `flush`: what has not left by then is kept for later calls. */
  limitSending(deadline: number): void {
    this.#sendDeadline = deadline;
  }

  /** Sends what the core has written; blocks until the system has taken it, or the limit has passed. */
  flush(): void {
    try {
      this.#output.flush();
      // A ping that came while the output was blocked is answered now.
      if (!this.#output.isBlocked) {
        this.session.handleWritable(now());
        this.#output.flush();
      }
    } finally {
      this.#sendDeadline = NEVER;
    }
    if (this.#output.isBlocked && now() >= this.session.nextTimeout()) {
      this.session.handleTimeout(now());
    }
    if (this.#isShutdownWanted) this.#shutdown();
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.session.receiveError(undefined);
  }

  onRequest(): void {}
  onFrame(
    _final: boolean,
    _opcode: Opcode,
    _bytes: Uint8Array,
    _start: number,
    _end: number,
  ): void {}
  onPing(): void {}
  onFailure(): void {}

  onOpen(): void {
    this.#isOpened = true;
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    this.#messagesReceived++;
    this.#owner.onMessage(bytes, start, end, isText, isOwn);
  }

  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.onPong(bytes, start, end);
  }

  onShutdown(): void {
    this.#isShutdownWanted = true;
  }

  onClosed(): void {
    this.#release(0);
  }

  /**
   * The session has failed and said so. The caller is not kept waiting for the peer: the worker
   * takes what still comes, so that our close frame is not lost with it.
   */
  #shutdown(): void {
    this.#isShutdownWanted = false;
    this.#channel?.end();
    this.#release(this.#closeTimeout);
    this.session.receiveError(undefined);
  }

  #release(linger: number): void {
    // No use of the descriptor after this: its number is given to the next connection.
    this.#channel = undefined;
    this.#socket?.broker.release(this.#socket.id, linger);
    this.#socket = undefined;
  }

  /** The socket has ended with its worker. */
  #handleLoss(loss: Error): void {
    this.#channel = undefined;
    this.#socket = undefined;
    // While the channel is being opened, whoever waits for it is told as well.
    const session: Session | undefined = this.session;
    session?.receiveError(toTransportError(loss));
  }

  #openSocket(
    target: Target,
    options: ResolvedConnectOptions,
    deadline: number,
    onResolved: () => void,
  ): void {
    const { hostname: host, port, isSecure } = target;
    const dialing = isSecure ? dialingOptions(options.tls) : {};
    const address = { host, port, noDelay: options.noDelay, dialing };
    const onLost = (loss: Error): void => this.#handleLoss(loss);
    const socket = socketBroker().connect(address, deadline, onResolved, onLost);
    if (socket === undefined) throw new TimeoutError('connect', options.connectTimeout);
    this.#socket = socket;
    this.#local = socket.local;
    this.#remote = socket.remote;
  }

  #openChannel(target: Target, options: ResolvedConnectOptions, deadline: number): void {
    const socket = this.#socket as ConnectedSocket;
    const reader: ChannelReader = (bytes, start, end) => this.#receive(bytes, start, end);
    const { port } = target;
    const secure = target.isSecure ? { ...secureOptions(target, options), port } : undefined;
    this.#channel = openChannel(socket, secure, reader, deadline);
    if (this.#channel === undefined) throw new TimeoutError('connect', options.connectTimeout);
  }

  #upgrade(target: Target, options: ResolvedConnectOptions, begun: number, deadline: number): void {
    this.#output = new SyncOutput((bytes) => this.#send(bytes));
    this.#sendDeadline = deadline;
    // Keepalive needs somebody who works while the caller does.
    const limits = { ...sessionLimits(options, options.connectTimeout), pingInterval: 0 };
    const sessionOptions = clientSessionOptions(options, KEPT, {
      output: this.#output,
      sink: this,
      limits,
      compression: compressionFor(options.perMessageDeflate),
    });
    const { generateMaskingKey } = options;
    const generate = generateMaskingKey && alone('generateMaskingKey', generateMaskingKey);
    this.session = Session.client(sessionOptions, clientOptions(target, options, generate), begun);
    this.flush();
    while (this.session.state === 'connecting') this.pump(NEVER);
    // A server may close at once; what it sent before can still be received.
    if (!this.#isOpened) throw this.session.failure;
  }

  /** Receives, and answers what comes without waiting: a send that waits receives, within this very call. */
  #receiveFrom(channel: Channel, deadline: number): ReceiveResult {
    this.#sendDeadline = 0;
    try {
      return channel.receive(deadline, this.#gate);
    } finally {
      this.#sendDeadline = NEVER;
    }
  }

  #receive(bytes: Uint8Array, start: number, end: number): void {
    const time = now();
    this.#lastReceived = time;
    this.#bytesReceived += end - start;
    this.session.receive(bytes, start, end, time);
  }

  #send(bytes: Uint8Array): number {
    const channel = this.#channel;
    // After the end nothing is sent any more, and nobody is told: the state says it.
    if (channel === undefined) {
      this.#hasDropped = true;
      return bytes.length;
    }
    const session: Session | undefined = this.session;
    this.#halfDone.enter();
    try {
      const sent = channel.send(bytes, this.#sendUntil);
      this.#bytesSent += sent;
      return sent;
    } catch (error) {
      if (session === undefined) throw error;
      // A large message is sent from within the core, which must not be left half way.
      this.#drainAfterError(error as Error);
      return bytes.length;
    } finally {
      this.#halfDone.leave();
    }
  }

  /** Sends of what is late as much as the system takes at once; tells whether that was all. */
  #catchUp(channel: Channel): boolean {
    if (!channel.flush(AT_ONCE)) return false;
    if (!this.#output.isBlocked) return true;
    this.#sendDeadline = 0;
    this.flush();
    return !this.#output.isBlocked;
  }

  #fail(cause: Error): void {
    this.session.receiveError(cause instanceof WebSocketError ? cause : toTransportError(cause));
  }

  /** A write failed: the peer has gone, but what it sent before may explain it and must be seen. */
  #drainAfterError(error: Error): void {
    try {
      while (this.#channel?.receive(0, this.#gate) === 'bytes') {
        // Each read delivers by itself.
      }
    } catch {
      // The first error is the one to tell.
    }
    this.#fail(error);
  }
}
