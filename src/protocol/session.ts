/**
 * The sans-I/O core: one WebSocket session, either role, from the opening handshake to the end.
 *
 * Bytes and times come in as arguments; what must leave is written to an {@link Output}; what
 * happens is told to a {@link SessionSink}, one event at a time. Nothing a peer sends makes it
 * throw: a peer that breaks the rules has its connection failed. Calling it wrongly throws.
 *
 * Its public methods are of four kinds:
 * - what the connection brings: `receive`, `receiveEof`, `connectionLost`, `abandon`;
 * - what time and the output ask for: `nextTimeout`, `handleTimeout`, `handleProgress`, `handleWritable`;
 * - what the application wants: `accept`, `refuse`, `send…`, `ping`, `pong`, `close`, `fail`;
 * - what can be asked: `state`, `isOpen`, `closeCode`, `peerHeaders` and the like.
 *
 * A message does not pass through here: the {@link FrameReader} gives data frames to the
 * {@link MessageReader}, and that one gives messages to the sink.
 */
import {
  type ConnectionClosedError,
  HandshakeError,
  LocalProtocolError,
  MessageTooBigError,
  RemoteProtocolError,
  WebSocketError,
} from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import {
  CloseCode,
  type CloseStatus,
  parseClosePayload,
  serializeClosePayload,
} from './close-code.ts';
import { closedError } from './closed-error.ts';
import { ControlWriter } from './control-writer.ts';
import { Deadlines } from './deadlines.ts';
import { Opcode } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import type { MaskingKeys } from './masking-keys.ts';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { ClientOpening, type OpeningAgreement } from './opening/client.ts';
import { type HeaderMap, parseHeadText } from './opening/head.ts';
import { noRequestWaits, OpeningPhase } from './opening/phase.ts';
import { ServerOpening, serializeRefusal, type UpgradeRefusal } from './opening/server.ts';
import { type Output, writeBytes } from './output.ts';
import type { Compression, DeflateAgreement } from './permessage-deflate.ts';
import type { ClientOptions, Role, SessionOptions, SessionSink } from './session-options.ts';
import {
  awaitsPeer,
  type ConnectionState,
  isHalted,
  isListening,
  isOver,
  maySend,
  maySendPong,
  nextState,
  publicState,
  type SessionEvent,
  type SessionState,
} from './session-state.ts';

const EMPTY = new Uint8Array(0);

/** One WebSocket session. */
export class Session {
  readonly role: Role;
  /** True while no frame is read: paused, waiting for a decision, or past the end. */
  isHalted = true;
  /** The subprotocol agreed on, or the empty string. */
  protocol = '';
  /** The extensions agreed on, as the header names them, or the empty string. */
  extensions = '';
  /** The close frame sent, if one was. */
  sent: CloseStatus | undefined;
  /** The close frame received, if one was. */
  received: CloseStatus | undefined;
  /** Why the session failed, if it did. */
  failure: WebSocketError | undefined;
  /** Whether it failed because the peer did not answer a keepalive ping. */
  isDead = false;
  readonly #kernels: Kernels;
  readonly #output: Output;
  readonly #sink: SessionSink;
  readonly #autoPong: boolean;
  readonly #frames: FrameReader;
  readonly #messages: MessageReader;
  readonly #controls: ControlWriter;
  readonly #messageWriter: MessageWriter;
  readonly #compression: Compression | undefined;
  readonly #deadlines: Deadlines;
  /** The opening handshake, while it is under way. */
  #opening: OpeningPhase | undefined;
  #peerHead: string | undefined;
  #peerHeaders: HeaderMap | undefined;
  #state: SessionState = 'connecting';
  #isPaused = false;
  /** Whether the sink has been told that all is over. */
  #hasEnded = false;
  #now: number;

  private constructor(
    options: SessionOptions,
    opening: ClientOpening | ServerOpening,
    maskingKeys: MaskingKeys | undefined,
    now: number,
  ) {
    const { kernels, output, limits } = options;
    this.role = maskingKeys === undefined ? 'server' : 'client';
    this.#kernels = kernels;
    this.#output = output;
    this.#sink = options.sink;
    this.#autoPong = options.autoPong;
    this.#now = now;
    this.#opening = new OpeningPhase(opening, this, options.sink);
    this.#messages = new MessageReader(kernels, this, limits, options, options.sink);
    this.#frames = new FrameReader(kernels, this, this.role === 'server', this.#messages);
    const writer = new FrameWriter(kernels, output, maskingKeys);
    this.#controls = new ControlWriter(writer, output, this);
    this.#messageWriter = new MessageWriter(kernels, writer, this);
    this.#compression = options.compression;
    this.#deadlines = new Deadlines(limits, now);
  }

  /** Begins a client's session: its request is written to the output. */
  static client(options: SessionOptions, client: ClientOptions, now: number): Session {
    const deflate = options.compression?.settings;
    const opening = new ClientOpening(client, client.nonce, options.sha1, deflate);
    const session = new Session(options, opening, client.maskingKeys, now);
    writeBytes(options.output, opening.request);
    return session;
  }

  /** Begins a server's session. */
  static server(options: SessionOptions, now: number): Session {
    const opening = new ServerOpening(options.sha1, options.compression?.settings);
    return new Session(options, opening, undefined, now);
  }

  // What the connection brings.

  /**
   * Takes what came from the peer, changing it in place where it is masked, and returns how far it
   * came: short of `end` only while halted, and the rest must then be given again later.
   */
  receive(bytes: Uint8Array, start: number, end: number, now: number): number {
    this.#now = now;
    let next = start;
    try {
      if (this.#state === 'connecting') {
        next = (this.#opening as OpeningPhase).receive(bytes, start, end);
      } else {
        this.#deadlines.heard(now);
      }
      if (!this.isHalted) next = this.#frames.read(bytes, next, end);
    } catch (error) {
      this.#failDelivery(error);
    }
    return isListening(this.#state) ? next : end;
  }

  /** The peer has ended its side of the connection. */
  receiveEof(now: number): void {
    this.#now = now;
    if (this.#opening !== undefined) this.#opening.receiveEof();
    else this.#end();
  }

  /** The connection is lost: a session that still listens fails with `error`, and every session ends. */
  connectionLost(error: WebSocketError): void {
    if (isListening(this.#state)) {
      // A refusal that lost only the rest of its body says more than how it lost it.
      if (this.#opening?.isRefused) {
        this.receiveEof(this.#now);
        return;
      }
      this.#failAtOnce(error);
    }
    this.#end();
  }

  /** The session's owner gives the connection up: the session ends without an error. */
  abandon(): void {
    this.#end();
  }

  /**
   * The connection is lost, or its owner gives it up.
   *
   * @deprecated Call `connectionLost` or `abandon`.
   */
  receiveError(error: WebSocketError | undefined): void {
    if (error === undefined) this.abandon();
    else this.connectionLost(error);
  }

  /** While true, `receive` stops after the event under way. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(value: boolean) {
    this.#isPaused = value;
    this.#updateHalted();
  }

  // What time and the output ask for.

  /** Some of what waits in the output has been taken, and more waits: a ping behind it has more time. */
  handleProgress(now: number): void {
    this.#deadlines.taken(now, false);
  }

  /** All that waited in the output has been taken: sends what had to wait for that. */
  handleWritable(now: number): void {
    this.#deadlines.taken(now, true);
    if (maySendPong(this.#state)) this.#controls.writePendingPong();
  }

  /** When `handleTimeout` is next due, on the clock of `now`; infinity for never. */
  nextTimeout(): number {
    return isOver(this.#state) ? Number.POSITIVE_INFINITY : this.#deadlines.next();
  }

  /**
   * Does what the time asks for. After a keepalive that got no answer nobody answers the close frame
   * either: `isDead` says so, and whoever owns the session ends it once the frame has been tried.
   */
  handleTimeout(now: number): void {
    if (isOver(this.#state)) return;
    this.#now = now;
    // Who does not read cannot hear the peer, and must not think it dead.
    if (this.#isPaused) this.#deadlines.heard(now);
    const due = this.#deadlines.due(now);
    if (due === undefined) return;
    if (due === 'ping') {
      this.#controls.write(Opcode.ping, EMPTY);
      if (this.#output.isBlocked) this.#deadlines.pingWaits();
    } else if (due.operation === 'keepalive') {
      this.isDead = true;
      this.fail(due);
    } else if (awaitsPeer(this.#state)) this.connectionLost(due);
    // After close frames went both ways, only the TCP connection is late: no error of the session.
    else this.abandon();
  }

  // What the application wants.

  /**
   * Accepts the request told to `onRequest`.
   *
   * @param protocol the subprotocol chosen, or the empty string
   * @throws LocalProtocolError if no request waits for an answer
   */
  accept(protocol: string, headers: readonly (readonly [string, string])[], now: number): void {
    if (this.#opening === undefined) throw noRequestWaits();
    const { response, agreement } = this.#opening.accept(protocol, headers);
    writeBytes(this.#output, response);
    this.#now = now;
    this.handleOpened(agreement);
  }

  /**
   * Refuses the request told to `onRequest`.
   *
   * @throws LocalProtocolError if no request waits for an answer
   */
  refuse(answer: UpgradeRefusal, now: number): void {
    if (this.#opening === undefined) throw noRequestWaits();
    this.#opening.checkWaiting();
    this.#now = now;
    this.handleRefused(
      answer,
      new HandshakeError(`the client's request was refused with ${answer.status}`),
    );
  }

  /** Sends a text message. Throws as {@link sendBinary}. */
  sendText(text: string, isCompressed = true): void {
    this.#beginSend();
    if (!this.#messageWriter.writeText(text, isCompressed)) throw this.closedError();
  }

  /**
   * Sends a message of bytes, as binary unless it is said to be text (valid UTF-8, then).
   *
   * @param isCompressed whether it may be compressed, if compression was agreed on and it is long enough
   * @throws ConnectionClosedError if the session is closing or closed
   * @throws LocalProtocolError if it is not open yet, or in the middle of a fragmented message
   */
  sendBinary(payload: Uint8Array, isText = false, isCompressed = true): void {
    this.#beginSend();
    if (!this.#messageWriter.writeBytes(payload, isText, isCompressed)) throw this.closedError();
  }

  /** Sends a message that this connection's deflater has compressed before. Throws as {@link sendBinary}. */
  sendDeflated(deflated: Uint8Array, isText: boolean): void {
    this.#beginSend();
    if (!this.#messageWriter.writeDeflated(deflated, isText)) throw this.closedError();
  }

  /**
   * Sends a fragment of a message (RFC 6455 §5.4); `isText` and `isCompressed` count for the first
   * one only.
   *
   * @throws ConnectionClosedError if the session is closing or closed
   * @throws LocalProtocolError if it is not open yet
   */
  sendFragment(
    payload: string | Uint8Array,
    isText: boolean,
    isFinal: boolean,
    isCompressed = true,
  ): void {
    this.#checkOpen();
    if (!this.#messageWriter.writeFragment(payload, isText, isFinal, isCompressed))
      throw this.closedError();
  }

  /**
   * Sends a ping.
   *
   * @throws ConnectionClosedError if the session is closing or closed
   * @throws LocalProtocolError if it is not open yet, or for a payload above 125 bytes (RFC 6455 §5.5)
   */
  ping(payload: Uint8Array): void {
    this.#sendControl(Opcode.ping, payload);
  }

  /** Sends a pong that nobody asked for (RFC 6455 §5.5.3). Throws as {@link ping}. */
  pong(payload: Uint8Array): void {
    this.#sendControl(Opcode.pong, payload);
  }

  /**
   * Begins the closing handshake (RFC 6455 §7.1.2); nothing happens unless the session is open.
   *
   * @throws RangeError, LocalProtocolError for a code or a reason that may not be sent
   */
  close(code: number | undefined, reason: string, now: number): void {
    const payload = serializeClosePayload(this.#kernels, code, reason);
    if (!maySend(this.#state)) return;
    this.#now = now;
    if (!this.#writeClose(payload, { code: code ?? CloseCode.noStatusReceived, reason })) return;
    this.#deadlines.closing(now);
    this.#enter('closeSent');
  }

  /**
   * Fails the connection (RFC 6455 §7.1.7): says why with a close frame, and ends it.
   *
   * @param now the time; needed only outside of calls that were told it
   */
  fail(error: WebSocketError, now: number = this.#now): void {
    const wasOpen = maySend(this.#state);
    if (!this.#enter('failed')) return;
    this.#opening = undefined;
    this.failure = error;
    if (wasOpen) {
      const saysCode = error instanceof RemoteProtocolError || error instanceof MessageTooBigError;
      const code = saysCode ? error.closeCode : CloseCode.internalError;
      this.#writeClose(serializeClosePayload(this.#kernels, code, ''), { code, reason: '' });
    }
    this.#tellFailure(error, now);
  }

  // What can be asked.

  /** The other end's handshake headers, once the session is open. */
  get peerHeaders(): HeaderMap | undefined {
    // Hardly anybody asks, and taken apart they take three times the memory.
    if (this.#peerHead !== undefined) this.#peerHeaders ??= parseHeadText(this.#peerHead).headers;
    return this.#peerHeaders;
  }

  get state(): ConnectionState {
    return publicState(this.#state);
  }

  /** Whether messages may be sent. */
  get isOpen(): boolean {
    return maySend(this.#state);
  }

  /** Whether close frames went both ways. */
  get wasClean(): boolean {
    return this.sent !== undefined && this.received !== undefined && this.failure === undefined;
  }

  /** The close code received; 1006 if there was none; `undefined` before the end. */
  get closeCode(): number | undefined {
    if (!isOver(this.#state)) return undefined;
    return this.received?.code ?? CloseCode.abnormalClosure;
  }

  /** Bytes of the frame under way that are still to come. */
  get missing(): number {
    return this.#frames.missing;
  }

  /** Makes the error for a call that needs an open connection. */
  closedError(): ConnectionClosedError {
    return closedError(this);
  }

  // What its parts tell it: it is their ControlFrameConsumer, FailureConsumer, OpeningOwner and WriteFaultHandler.
  // The class does not say `implements`, because its declarations leave these methods out.

  /** @internal */
  receiveControl(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === Opcode.ping) {
      if (this.#autoPong && maySendPong(this.#state)) this.#controls.answerPing(bytes, start, end);
      this.#sink.onPing(bytes, start, end);
    } else if (opcode === Opcode.pong) {
      this.#sink.onPong(bytes, start, end);
    } else {
      this.#receiveClose(bytes, start, end);
    }
  }

  /** @internal */
  handleOpened(agreement: OpeningAgreement): void {
    this.protocol = agreement.protocol;
    this.extensions = agreement.extensions;
    this.#peerHead = agreement.head;
    if (agreement.deflate !== undefined) this.#useCompression(agreement.deflate);
    this.#opening = undefined;
    this.#deadlines.opened(this.#now);
    this.#enter('opened');
    this.#sink.onOpen();
  }

  #useCompression({ server, client }: DeflateAgreement): void {
    const compression = this.#compression as Compression;
    const [ours, theirs] = this.role === 'server' ? [server, client] : [client, server];
    this.#frames.allowsCompression = true;
    this.#messages.useInflater(compression.createInflater(theirs));
    this.#messageWriter.useDeflater(
      compression.createDeflater(ours),
      compression.settings.threshold,
    );
  }

  /** @internal */
  handleOpeningFailed(error: HandshakeError): void {
    this.#failAtOnce(error);
    this.#end();
  }

  /** Tells that the session has failed, and that nothing more leaves. */
  #tellFailure(error: WebSocketError, now: number): void {
    this.#now = now;
    this.#deadlines.closing(now);
    this.#messages.release();
    this.#sink.onFailure(error);
    this.#sink.onShutdown();
  }

  /** The session has failed, and its end with it. Whoever is told finds it closed. */
  #failAtOnce(error: WebSocketError): void {
    this.#enter('ended');
    this.#opening = undefined;
    this.failure = error;
    this.#sink.onFailure(error);
  }

  /** @internal */
  handleRefused(answer: UpgradeRefusal, error: HandshakeError): void {
    writeBytes(this.#output, serializeRefusal(answer, this.#kernels));
    this.#opening = undefined;
    this.fail(error);
  }

  #receiveClose(bytes: Uint8Array, start: number, end: number): void {
    const status = parseClosePayload(this.#kernels, bytes, start, end);
    if (status instanceof RemoteProtocolError) {
      this.fail(status);
      return;
    }
    this.received = status;
    // RFC 6455 §5.5.1: answer with a close frame, if none was sent before.
    if (this.sent === undefined) {
      const hasCode = status.code !== CloseCode.noStatusReceived;
      const payload = serializeClosePayload(this.#kernels, hasCode ? status.code : undefined, '');
      if (!this.#writeClose(payload, { code: status.code, reason: '' })) return;
    }
    this.#deadlines.closing(this.#now);
    this.#messages.release();
    this.#enter('closeReceived');
    // RFC 6455 §7.1.1: the server ends the TCP connection, and the client waits for it.
    if (this.role === 'server') this.#sink.onShutdown();
  }

  #beginSend(): void {
    if (this.#state !== 'open') this.#checkOpen();
    if (this.#messageWriter.isFragmented) {
      throw new LocalProtocolError('a fragmented message is being sent (RFC 6455 §5.4)');
    }
  }

  #checkOpen(): void {
    if (this.#state === 'open') return;
    if (this.#state === 'connecting') throw new LocalProtocolError('the session is not open yet');
    throw this.closedError();
  }

  #sendControl(opcode: Opcode, payload: Uint8Array): void {
    this.#checkOpen();
    if (!this.#controls.write(opcode, payload)) throw this.closedError();
  }

  /** Writes a close frame; false if it could not be, and the session has failed for it. */
  #writeClose(payload: Uint8Array, status: CloseStatus): boolean {
    if (!this.#controls.write(Opcode.close, payload)) return false;
    this.sent = status;
    return true;
  }

  /**
   * Fails the session without a close frame: a frame may have been written in part, or have gone into
   * the compression's history without having been sent.
   *
   * @internal
   */
  handleWriteFault(cause: unknown): void {
    const error = new WebSocketError('WS_SEND', 'a frame could not be written', { cause });
    if (!this.#enter('failed')) return;
    this.failure = error;
    this.#tellFailure(error, this.#now);
  }

  /** Whatever was thrown while something was delivered fails the session: it must not stay open and mute. */
  #failDelivery(cause: unknown): void {
    const message = 'what the peer sent could not be delivered';
    this.fail(new WebSocketError('WS_DELIVERY', message, { cause }));
  }

  #end(): void {
    this.#enter('ended');
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#opening = undefined;
    this.#messages.release();
    this.#messageWriter.release();
    this.#sink.onClosed();
  }

  #enter(event: SessionEvent): boolean {
    const state = nextState(this.#state, event);
    if (state === undefined) return false;
    const wasOpen = maySend(this.#state);
    this.#state = state;
    this.#updateHalted();
    if (wasOpen) this.#sink.onClosing?.();
    return true;
  }

  #updateHalted(): void {
    this.isHalted = isHalted(this.#state, this.#isPaused);
  }
}
