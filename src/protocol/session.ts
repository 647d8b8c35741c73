/**
 * The sans-I/O core: one WebSocket session in either role, from the opening handshake to the end.
 *
 * The session takes bytes and times as arguments, writes what has to be sent to an {@link Output}, and
 * tells a {@link SessionSink} what happens, one event at a time. A peer that breaks the rules cannot
 * make the session throw: the session fails the connection. Only a wrong call throws.
 *
 * Its public methods are of four kinds:
 * - what the connection brings: `receive`, `receiveRequest`, `receiveEof`, `connectionLost`, `abandon`;
 * - what time and the output ask for: `nextTimeout`, `handleTimeout`, `handleProgress`, `handleWritable`;
 * - what the application wants: `accept`, `refuse`, `send…`, `ping`, `pong`, `close`, `fail`;
 * - what can be asked: `state`, `isOpen`, `closeCode`, `peerHeaders` and the like.
 *
 * A received message does not pass through this file: the {@link FrameReader} gives data frames to the
 * {@link MessageReader}, which gives messages to the sink.
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
import {
  type ReceivedRequest,
  ServerOpening,
  serializeRefusal,
  type UpgradeRefusal,
} from './opening/server.ts';
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
  /** True while no frame is read: before the session is open, while it is paused, and after its last frame. */
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
  /** Whether the session failed because nothing arrived from the peer after a keepalive ping. */
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
  /** The opening handshake, until it is done. */
  #opening: OpeningPhase | undefined;
  #peerHead: string | undefined;
  #peerHeaders: HeaderMap | undefined;
  #state: SessionState = 'connecting';
  #isPaused = false;
  /** Whether `onClosed` was called. */
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

  /** Begins a client's session, and writes its request to the output. */
  static client(options: SessionOptions, client: ClientOptions, now: number): Session {
    const deflate = options.compression?.settings;
    const opening = new ClientOpening(client, client.nonce, options.sha1, deflate);
    const session = new Session(options, opening, client.maskingKeys, now);
    writeBytes(options.output, opening.request);
    return session;
  }

  /** Begins a server's session. */
  static server(options: SessionOptions, now: number): Session {
    const deflate = options.compression?.settings;
    const opening = new ServerOpening(options.sha1, deflate, options.page);
    return new Session(options, opening, undefined, now);
  }

  // What the connection brings.

  /**
   * Takes bytes from the peer, and unmasks payloads in place. Returns the offset of the first byte that
   * was not read. It is below `end` only while the session is halted: pass the rest again later.
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

  /**
   * Takes a request to upgrade whose head an HTTP server has read. It is checked like one that comes by
   * `receive`, and answered with `accept` or `refuse`.
   *
   * @throws LocalProtocolError unless this is a server's session without a request
   */
  receiveRequest(request: ReceivedRequest, now: number): void {
    if (this.#opening === undefined) throw new LocalProtocolError('the opening handshake is over');
    this.#now = now;
    this.#opening.take(request);
  }

  /** The peer has ended its sending side. */
  receiveEof(now: number): void {
    this.#now = now;
    if (this.#opening !== undefined) this.#opening.receiveEof();
    else this.#end();
  }

  /** The connection was lost. A session that still reads fails with `error`; every session ends. */
  connectionLost(error: WebSocketError): void {
    if (isListening(this.#state)) {
      // The server's refusal says more than `error`, even if the rest of its body was lost.
      if (this.#opening?.isRefused) {
        this.receiveEof(this.#now);
        return;
      }
      this.#failAtOnce(error);
    }
    this.#end();
  }

  /** The session's owner gives the connection up. The session ends without an error. */
  abandon(): void {
    this.#end();
  }

  /**
   * The connection was lost, or its owner gives it up.
   *
   * @deprecated Call `connectionLost` or `abandon`.
   */
  receiveError(error: WebSocketError | undefined): void {
    if (error === undefined) this.abandon();
    else this.connectionLost(error);
  }

  /** While true, `receive` reads no further frame. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(value: boolean) {
    this.#isPaused = value;
    this.#updateHalted();
  }

  // What time and the output ask for.

  /** The system took some of the waiting output, but not all. A ping that still waits there gets more time. */
  handleProgress(now: number): void {
    this.#deadlines.taken(now, false);
  }

  /** Whether a ping or a pong waits for {@link Session.handleWritable}. @internal */
  get awaitsRoom(): boolean {
    return this.#deadlines.isPingWaiting || this.#controls.hasPendingPong;
  }

  /** The system took all of the waiting output. Sends the pong that waits for that, if any. */
  handleWritable(now: number): void {
    this.#deadlines.taken(now, true);
    if (maySendPong(this.#state)) this.#controls.writePendingPong();
  }

  /** Returns when `handleTimeout` must be called next, on the clock of `now`; infinity for never. */
  nextTimeout(): number {
    return isOver(this.#state) ? Number.POSITIVE_INFINITY : this.#deadlines.next();
  }

  /**
   * Does what is due at the time `now`. If a keepalive ping got no answer, the session fails and sets
   * `isDead`. Such a peer will not answer the close frame either: the owner tries to send that frame,
   * then ends the connection.
   */
  handleTimeout(now: number): void {
    if (isOver(this.#state)) return;
    this.#now = now;
    // While the session is paused it does not hear the peer, so silence proves nothing.
    if (this.#isPaused) this.#deadlines.heard(now);
    const due = this.#deadlines.due(now);
    if (due === undefined) return;
    if (due !== 'ping' && this.#opening?.hasRequest) {
      const body = 'the server took too long to decide\n';
      this.handleRefused({ status: 503, headers: [['Retry-After', '5']], body }, due);
    } else if (due === 'ping') {
      this.#controls.write(Opcode.ping, EMPTY);
      if (this.#output.isBlocked) this.#deadlines.pingWaits();
    } else if (due.operation === 'keepalive') {
      this.isDead = true;
      this.fail(due);
    } else if (awaitsPeer(this.#state)) this.connectionLost(due);
    // Both close frames have been sent. Only the TCP connection is late, which is no error of the session.
    else this.abandon();
  }

  // What the application wants.

  /**
   * Accepts the request that was passed to `onRequest`.
   *
   * @param protocol the chosen subprotocol, or the empty string
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
   * Refuses the request that was passed to `onRequest`.
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
   * Sends a message of bytes.
   *
   * @param isText whether it is a text message; `payload` must be valid UTF-8 then
   * @param isCompressed whether to compress it if compression was agreed on and the message is long enough
   * @throws ConnectionClosedError if the session is closing or closed
   * @throws LocalProtocolError if the session is not open yet, or in the middle of a fragmented message
   */
  sendBinary(payload: Uint8Array, isText = false, isCompressed = true): void {
    this.#beginSend();
    if (!this.#messageWriter.writeBytes(payload, isText, isCompressed)) throw this.closedError();
  }

  /** Sends a message that this connection's deflater has already compressed. Throws as {@link sendBinary}. */
  sendDeflated(deflated: Uint8Array, isText: boolean): void {
    this.#beginSend();
    if (!this.#messageWriter.writeDeflated(deflated, isText)) throw this.closedError();
  }

  /**
   * Sends a fragment of a message (RFC 6455 §5.4). `isText` and `isCompressed` matter for the first
   * fragment only.
   *
   * @throws ConnectionClosedError if the session is closing or closed
   * @throws LocalProtocolError if the session is not open yet
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
   * @throws LocalProtocolError if the session is not open yet, or the payload has more than 125 bytes
   */
  ping(payload: Uint8Array): void {
    this.#sendControl(Opcode.ping, payload);
  }

  /** Sends a pong that answers no ping (RFC 6455 §5.5.3). Throws as {@link ping}. */
  pong(payload: Uint8Array): void {
    this.#sendControl(Opcode.pong, payload);
  }

  /**
   * Begins the closing handshake (RFC 6455 §7.1.2). Does nothing unless the session is open.
   *
   * @throws RangeError, LocalProtocolError for a code or a reason that cannot be sent
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
   * Fails the connection (RFC 6455 §7.1.7), and says why with a close frame.
   *
   * @param now the time; not needed inside a call of the session that was given the time
   */
  fail(error: WebSocketError, now: number = this.#now): void {
    const wasOpen = maySend(this.#state);
    if (!this.#enter('failed')) return;
    this.#opening = undefined;
    this.failure = error;
    // RFC 6455 §7.1.7: "the endpoint SHOULD send a Close frame with an appropriate status code".
    if (wasOpen) {
      const saysCode = error instanceof RemoteProtocolError || error instanceof MessageTooBigError;
      const code = saysCode ? error.closeCode : CloseCode.internalError;
      this.#writeClose(serializeClosePayload(this.#kernels, code, ''), { code, reason: '' });
    }
    this.#tellFailure(error, now);
  }

  // What can be asked.

  /** The headers of the peer's handshake, once the session is open. */
  get peerHeaders(): HeaderMap | undefined {
    // The headers are parsed on demand: parsed, they take three times the memory.
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

  /** Whether both ends have sent a close frame, and the session has not failed. */
  get wasClean(): boolean {
    return this.sent !== undefined && this.received !== undefined && this.failure === undefined;
  }

  /** The received close code; 1006 if no close frame arrived; `undefined` before the end (RFC 6455 §7.1.5). */
  get closeCode(): number | undefined {
    if (!isOver(this.#state)) return undefined;
    return this.received?.code ?? CloseCode.abnormalClosure;
  }

  /** How many bytes of the current frame's payload have not arrived yet. */
  get missing(): number {
    return this.#frames.missing;
  }

  /** Makes the error for a call that needs an open connection. */
  closedError(): ConnectionClosedError {
    return closedError(this);
  }

  // What the session's parts tell it, as ControlFrameConsumer, FailureConsumer, OpeningOwner and
  // WriteFaultHandler. The class has no `implements` clause, because the published declarations leave
  // out the internal methods.

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

  /** Tells the sink that the session has failed and writes nothing more. */
  #tellFailure(error: WebSocketError, now: number): void {
    this.#now = now;
    this.#deadlines.closing(now);
    this.#messages.release();
    this.#sink.onFailure(error);
    this.#sink.onShutdown();
  }

  /** Fails and ends the session in one step. The session is already closed when the sink is told. */
  #failAtOnce(error: WebSocketError): void {
    this.#enter('ended');
    this.#opening = undefined;
    this.failure = error;
    this.#sink.onFailure(error);
  }

  /** @internal */
  handleRefused(answer: UpgradeRefusal, error: WebSocketError, isOfUpgrade = true): void {
    writeBytes(this.#output, serializeRefusal(answer, this.#kernels));
    this.#opening = undefined;
    const reason = (answer.body ?? error.message).trimEnd();
    this.#sink.onRefused?.(answer.status, reason, isOfUpgrade);
    this.#deadlines.refused(this.#now);
    this.fail(error);
  }

  #receiveClose(bytes: Uint8Array, start: number, end: number): void {
    const status = parseClosePayload(this.#kernels, bytes, start, end);
    if (status instanceof RemoteProtocolError) {
      this.fail(status);
      return;
    }
    this.received = status;
    // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close
    // frame, the endpoint MUST send a Close frame in response."
    if (this.sent === undefined) {
      const hasCode = status.code !== CloseCode.noStatusReceived;
      const payload = serializeClosePayload(this.#kernels, hasCode ? status.code : undefined, '');
      if (!this.#writeClose(payload, { code: status.code, reason: '' })) return;
    }
    this.#deadlines.closing(this.#now);
    this.#messages.release();
    this.#enter('closeReceived');
    // RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client
    // SHOULD wait for the server to close the connection".
    if (this.role === 'server') this.#sink.onShutdown();
  }

  #beginSend(): void {
    if (this.#state !== 'open') this.#checkOpen();
    if (this.#messageWriter.isFragmented) {
      // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
      // another message".
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

  /** Writes a close frame. Returns false if that failed, and the session with it. */
  #writeClose(payload: Uint8Array, status: CloseStatus): boolean {
    if (!this.#controls.write(Opcode.close, payload)) return false;
    this.sent = status;
    return true;
  }

  /**
   * Fails the session without a close frame. A frame may have been written in part, or be in the
   * compression's history without having been sent, so nothing may be written after it.
   *
   * @internal
   */
  handleWriteFault(cause: unknown): void {
    const error = new WebSocketError('WS_SEND', 'a frame could not be written', { cause });
    if (!this.#enter('failed')) return;
    this.failure = error;
    this.#tellFailure(error, this.#now);
  }

  /** Fails the session because a delivery threw. A session that stayed open might not deliver anything more. */
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
