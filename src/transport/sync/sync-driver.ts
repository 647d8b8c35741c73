/**
 * Pumps one connection by blocking calls: the same core as everywhere, over a channel.
 */
import { type ConnectPhase, TimeoutError, TransportError, WebSocketError } from '../../errors.ts';
import type { ResolvedConnectOptions } from '../../options.ts';
import type { Opcode } from '../../protocol/frame.ts';
import type { Compression } from '../../protocol/permessage-deflate.ts';
import { Session } from '../../protocol/session.ts';
import type { SessionOptions, SessionSink } from '../../protocol/session-options.ts';
import { clientOptions, clientSessionOptions } from '../client-session.ts';
import { now } from '../clock.ts';
import { ZlibCompression } from '../compression.ts';
import { explainConnectFailure } from '../connect-error.ts';
import { secureOptions } from '../secure-options.ts';
import type { SocketAddress } from '../socket-address.ts';
import type { Target } from '../target.ts';
import type { Channel, ChannelReader } from './channel.ts';
import { PlainChannel } from './plain-channel.ts';
import { type ConnectedSocket, socketBroker } from './socket-broker.ts';
import { SyncOutput } from './sync-output.ts';
import { TlsChannel } from './tls-channel.ts';

/** Who owns a connection and is told what comes. Payloads are valid until the call returns. */
export interface SyncOwner {
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): void;
  onPong(bytes: Uint8Array, start: number, end: number): void;
}

/** How long nothing may have been read before a send looks first for what has come, in ms. */
const STALE = 50;
const NEVER = Number.POSITIVE_INFINITY;

/** The pump of one connection. */
export class SyncDriver implements SessionSink {
  session!: Session;
  readonly #owner: SyncOwner;
  readonly #busyPoll: number;
  #output!: SyncOutput;
  #channel: Channel | undefined;
  #socket: ConnectedSocket | undefined;
  #local: SocketAddress | undefined;
  #remote: SocketAddress | undefined;
  readonly #closeTimeout: number;
  #isOpened = false;
  #isShutdownWanted = false;
  #lastReceived = 0;
  bytesReceived = 0;
  bytesSent = 0;

  /**
   * Connects: DNS and TCP in the worker, TLS and upgrade here.
   *
   * @throws ConnectError, TimeoutError
   * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where there is no way to do that
   */
  constructor(target: Target, options: ResolvedConnectOptions, owner: SyncOwner) {
    this.#owner = owner;
    this.#busyPoll = options.busyPoll;
    this.#closeTimeout = options.closeTimeout;
    let phase: ConnectPhase = 'tcp';
    try {
      const begun = now();
      this.#openSocket(target, options, begun);
      if (target.isSecure) phase = 'tls';
      this.#openChannel(target, options, begun);
      phase = 'upgrade';
      this.#upgrade(target, options, begun);
    } catch (error) {
      this.#release(0);
      if (error instanceof WebSocketError && error.code === 'WS_SYNC_UNSUPPORTED') throw error;
      throw explainConnectFailure(error, phase, target);
    }
  }

  get localAddress(): SocketAddress | undefined {
    return this.#local;
  }

  get remoteAddress(): SocketAddress | undefined {
    return this.#remote;
  }

  /**
   * Waits for the next bytes and delivers what they bring; false once the deadline has passed,
   * whatever still comes. The session's own deadlines are kept as well.
   */
  pump(deadline: number): boolean {
    const channel = this.#channel;
    if (channel === undefined) return false;
    const due = this.session.nextTimeout();
    let result: ReturnType<Channel['receive']>;
    try {
      result = channel.receive(Math.min(deadline, due), this.#busyPoll);
    } catch (error) {
      this.#fail(error as Error);
      return true;
    }
    if (result === 'end') this.session.receiveEof(now());
    else if (result === 'timeout' && now() < due) return false;
    // A peer that never falls silent must not keep a deadline from being seen.
    else if (result === 'timeout' || due !== NEVER) this.session.handleTimeout(now());
    this.flush();
    return deadline === NEVER || now() < deadline;
  }

  /** Delivers what has come already, where nobody has looked for a while: pings want an answer. */
  refresh(): void {
    if (now() - this.#lastReceived > STALE) this.pump(0);
  }

  /** Sends what the core has written; blocks until the peer's system has taken it. */
  flush(): void {
    this.#output.flush();
    // A ping that came while the output was blocked is answered now.
    this.session.handleWritable(now());
    this.#output.flush();
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

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    this.#owner.onMessage(bytes, start, end, isText);
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
    if (this.#socket !== undefined) socketBroker().release(this.#socket.id, linger);
    this.#socket = undefined;
  }

  #openSocket(target: Target, options: ResolvedConnectOptions, begun: number): void {
    const { hostname: host, port } = target;
    const deadline = connectDeadline(options, begun);
    const socket = socketBroker().connect({ host, port, noDelay: options.noDelay }, deadline);
    if (socket === undefined) throw new TimeoutError('connect', options.connectTimeout);
    this.#socket = socket;
    this.#local = socket.local;
    this.#remote = socket.remote;
  }

  #openChannel(target: Target, options: ResolvedConnectOptions, begun: number): void {
    const { fd } = this.#socket as ConnectedSocket;
    const reader: ChannelReader = (bytes, start, end) => this.#receive(bytes, start, end);
    if (!target.isSecure) {
      this.#channel = openPlain(fd, reader);
      return;
    }
    const below = (cipher: ChannelReader): Channel => openPlain(fd, cipher);
    const secure = new TlsChannel(below, secureOptions(target, options), reader);
    this.#channel = secure;
    if (!secure.handshake(connectDeadline(options, begun))) {
      throw new TimeoutError('connect', options.connectTimeout);
    }
  }

  #upgrade(target: Target, options: ResolvedConnectOptions, begun: number): void {
    this.#output = new SyncOutput((bytes) => this.#send(bytes));
    const sessionOptions: SessionOptions = {
      // Keepalive needs somebody who works while the caller does.
      ...clientSessionOptions({ ...options, pingInterval: 0 }, false, compressionFor(options)),
      output: this.#output,
      sink: this,
    };
    this.session = Session.client(sessionOptions, clientOptions(target, options), begun);
    this.flush();
    while (this.session.state === 'connecting') this.pump(NEVER);
    // A server may close at once; what it sent before can still be received.
    if (!this.#isOpened) throw this.session.failure;
  }

  #receive(bytes: Uint8Array, start: number, end: number): void {
    const time = now();
    this.#lastReceived = time;
    this.bytesReceived += end - start;
    this.session.receive(bytes, start, end, time);
  }

  #send(bytes: Uint8Array): void {
    const channel = this.#channel;
    // After the end nothing is sent any more, and nobody is told: the state says it.
    if (channel === undefined) return;
    // While the session is being made, its request may be larger than the output.
    const session: Session | undefined = this.session;
    let isSent: boolean;
    try {
      isSent = channel.send(bytes, session?.nextTimeout() ?? NEVER);
    } catch (error) {
      if (session === undefined) throw error;
      // A large message is sent from within the core, which must not be left half way.
      this.#drainAfterError(error as Error);
      return;
    }
    if (isSent) this.bytesSent += bytes.length;
    else session?.handleTimeout(now());
  }

  #fail(cause: Error): void {
    this.session.receiveError(
      cause instanceof WebSocketError
        ? cause
        : new TransportError(`the connection failed: ${cause.message}`, { cause }),
    );
  }

  /** A write failed: the peer has gone, but what it sent before may explain it and must be seen. */
  #drainAfterError(error: Error): void {
    try {
      while (this.#channel?.receive(0, 0) === 'bytes') {
        // Each read delivers by itself.
      }
    } catch {
      // The first error is the one to tell.
    }
    this.#fail(error);
  }
}

function compressionFor({ perMessageDeflate }: ResolvedConnectOptions): Compression | undefined {
  return perMessageDeflate === undefined ? undefined : new ZlibCompression(perMessageDeflate);
}

function connectDeadline({ connectTimeout }: ResolvedConnectOptions, begun: number): number {
  return connectTimeout === 0 ? NEVER : begun + connectTimeout;
}

function openPlain(fd: number, reader: ChannelReader): Channel {
  try {
    if (fd < 0) throw new Error('sockets have no file descriptor on this platform');
    return new PlainChannel(fd, reader);
  } catch (cause) {
    throw new WebSocketError(
      'WS_SYNC_UNSUPPORTED',
      `wirespeed/sync cannot work here (${process.platform}, Node.js ${process.version}): ${(cause as Error).message}; use the async face`,
      { cause },
    );
  }
}
