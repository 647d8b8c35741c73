/**
 * Opens a connection by blocking calls, and drives it: the session that all clients have, over a channel.
 */
import { isIP } from 'node:net';
import type { ReadyData } from '../connection/data.ts';
import type { ReceiveQueue } from '../connection/receive-queue.ts';
import { clientOptions, clientSessionOptions, WHOLE_MESSAGES } from '../dial/client-session.ts';
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
import { gateFor } from '../transport/poll-gate.ts';
import { sessionLimits } from '../transport/session-limits.ts';
import { type SocketAddress, toTransportError } from '../transport/socket.ts';
import { NEVER } from './blocking-driver.ts';
import { checkCallAllowed, refusingCalls } from './callers-function.ts';
import { AT_ONCE, type Channel, type ChannelListener } from './channels/channel.ts';
import { openChannel } from './open-channel.ts';
import { Pump } from './pump.ts';
import { SyncOutput } from './sync-output.ts';
import { type ConnectedSocket, RefusedOptions, socketBroker } from './worker/socket-broker.ts';

/** The sink of what comes for a connection. Payloads are valid until the call returns. */
export interface SyncSink {
  /** Messages that wait for `recv`. */
  readonly messages: ReceiveQueue;
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  onPong(bytes: Uint8Array, start: number, end: number): void;
}

/** The driver of one connection. */
export class SyncDriver extends Pump implements SessionSink {
  session!: Session;
  readonly isRevoked = false;
  protected channel: Channel | undefined;
  readonly #sink: SyncSink;
  #output!: SyncOutput;
  #socket: ConnectedSocket | undefined;
  #local: SocketAddress | undefined;
  #remote: SocketAddress | undefined;
  readonly #closeTimeout: number;
  #isOpened = false;
  /** Whether something was sent after the end. */
  #hasDropped = false;
  #bytesReceived = 0;
  #bytesSent = 0;
  protected messagesReceived = 0;
  #messagesSent = 0;

  /**
   * Connects: the worker does DNS and TCP, this thread does TLS and the upgrade.
   *
   * @throws ConnectError, TimeoutError
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no way of blocking I/O works
   */
  constructor(target: Target, options: ResolvedConnectOptions, sink: SyncSink) {
    checkCallAllowed();
    super(sink.messages, gateFor(options.busyPoll));
    this.#sink = sink;
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

  get bufferedAmount(): number {
    return this.channel === undefined ? 0 : this.#output.backlog + this.channel.pending;
  }

  get gathered(): number {
    return this.#output.position;
  }

  stats(): ConnectionStats {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      messagesReceived: this.messagesReceived,
      messagesSent: this.#messagesSent,
      messagesRefused: 0,
    };
  }

  override begin(): void {
    super.begin();
    this.#output.claim();
  }

  cork(send: () => void): void {
    send();
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

  flush(): void {
    try {
      this.#output.flush();
      // A ping that came while the output was blocked is answered now.
      if (!this.#output.isBlocked && this.session.awaitsRoom) {
        this.session.handleWritable(now());
        this.#output.flush();
      }
    } finally {
      this.sendDeadline = NEVER;
    }
    if (this.#output.isBlocked && now() >= this.session.nextTimeout()) this.handleTimeout();
    if (this.session.failure !== undefined) this.giveUp();
  }

  hasLeft(): boolean {
    if (this.#hasDropped) return false;
    try {
      return !this.#output.isBlocked && this.channel?.flush(AT_ONCE) !== false;
    } catch (error) {
      this.fail(error as Error);
      return true;
    }
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
  onShutdown(): void {}

  onOpen(): void {
    this.#isOpened = true;
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    this.messagesReceived++;
    this.#sink.onMessage(bytes, start, end, isText, isOwn);
  }

  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.#sink.onPong(bytes, start, end);
  }

  onClosed(): void {
    this.#release(0);
  }

  protected catchUp(): boolean {
    if (this.channel?.flush(AT_ONCE) === false) return false;
    if (!this.#output.isBlocked) return true;
    this.sendDeadline = 0;
    this.flush();
    return !this.#output.isBlocked;
  }

  protected handleTimeout(): void {
    this.session.handleTimeout(now());
  }

  /** The worker reads what still comes, so that the system does not reset the connection and lose our close frame. */
  protected giveUp(): void {
    this.channel?.end();
    this.#release(this.#closeTimeout);
    this.terminate();
  }

  #release(linger: number): void {
    // The descriptor must not be used after this: the next connection may get its number.
    this.channel = undefined;
    const output: SyncOutput | undefined = this.#output;
    output?.release();
    this.#socket?.broker.release(this.#socket.id, linger);
    this.#socket = undefined;
  }

  /** Ends the connection: its worker has ended, and the socket with it. */
  #handleLoss(loss: Error): void {
    this.channel = undefined;
    this.#socket = undefined;
    // There is none while the channel is being opened; the call that opens it throws then.
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
    const listener: ChannelListener = (bytes, start, end) => this.#receive(bytes, start, end);
    const { port } = target;
    const secure = target.isSecure ? { ...secureOptions(target, options), port } : undefined;
    this.channel = openChannel(socket, secure, listener, deadline);
    if (this.channel === undefined) throw new TimeoutError('connect', options.connectTimeout);
  }

  #upgrade(target: Target, options: ResolvedConnectOptions, begun: number, deadline: number): void {
    this.#output = new SyncOutput((bytes) => this.#send(bytes));
    this.sendDeadline = deadline;
    // Keepalive would need a thread that pings while the caller does other things.
    const limits = { ...sessionLimits(options, options.connectTimeout), pingInterval: 0 };
    const sessionOptions = clientSessionOptions(options, WHOLE_MESSAGES, {
      output: this.#output,
      sink: this,
      limits,
      compression: compressionFor(options.perMessageDeflate),
    });
    const { generateMaskingKey } = options;
    const generate = generateMaskingKey && refusingCalls('generateMaskingKey', generateMaskingKey);
    this.session = Session.client(sessionOptions, clientOptions(target, options, generate), begun);
    this.flush();
    while (this.session.state === 'connecting') this.pump(NEVER);
    // A server may close right after the upgrade. What it sent in between can still be received.
    if (!this.#isOpened) throw this.session.failure;
  }

  #receive(bytes: Uint8Array, start: number, end: number): void {
    const time = now();
    this.lastReceived = time;
    this.#bytesReceived += end - start;
    this.session.receive(bytes, start, end, time);
  }

  #send(bytes: Uint8Array): number {
    const channel = this.channel;
    // After the end, bytes are dropped without an error: the state of the connection shows it.
    if (channel === undefined) {
      this.#hasDropped = true;
      return bytes.length;
    }
    const session: Session | undefined = this.session;
    this.halfDone.enter();
    try {
      const sent = channel.send(bytes, this.sendUntil);
      this.#bytesSent += sent;
      return sent;
    } catch (error) {
      if (session === undefined) throw error;
      // The core sends a large message while it writes it. An error thrown here would stop it half way.
      this.handleWriteError(error as Error);
      return bytes.length;
    } finally {
      this.halfDone.leave();
    }
  }
}
