/**
 * The options of a session, and the sink that it tells what happens.
 */
import type { WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { TimeLimits } from './deadlines.ts';
import type { Opcode } from './frame.ts';
import type { MaskingKeys } from './masking-keys.ts';
import type { MessageDelivery, MessageLimits } from './message-reader.ts';
import type { UpgradeRequestOptions } from './opening/client.ts';
import type { Sha1Base64 } from './opening/key.ts';
import type { PageAnswer, UpgradeRequest } from './opening/server.ts';
import type { Output } from './output.ts';
import type { Compression } from './permessage-deflate.ts';

/** Which end of the connection a session is. */
export type Role = 'client' | 'server';

/** What a session calls when something happens. Payloads are valid until the call returns. */
export interface SessionSink {
  /** Server: a request to upgrade arrived. Answer it with `accept` or `refuse`, at once or later. */
  onRequest(request: UpgradeRequest): void;
  /**
   * Server: a request was answered with this status: by `refuse`, because it was wrong, or because no answer was given
   * in time. The reason is the body of the answer. `onFailure` follows.
   *
   * @param isOfUpgrade whether the client asked for an upgrade, as far as its request could be read
   */
  onRefused?(status: number, reason: string, isOfUpgrade: boolean): void;
  /** The opening handshake is done. */
  onOpen(): void;
  /**
   * A whole message arrived. Text is valid UTF-8.
   *
   * @param isOwn whether `bytes` is this message and no more, and the sink may keep it (see `handsOver`)
   */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  /** A data frame arrived. Called instead of `onMessage` if the session was made with `deliversFrames`. */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
  /** A ping arrived. With `autoPong` it has been answered. */
  onPing(bytes: Uint8Array, start: number, end: number): void;
  /** A pong arrived. */
  onPong(bytes: Uint8Array, start: number, end: number): void;
  /** The session is no longer open. Called once, before `onFailure`, `onShutdown` and `onClosed`. */
  onClosing?(): void;
  /** The connection failed, and the session is no longer open. Called once at most. */
  onFailure(error: WebSocketError): void;
  /** Nothing more will be written: end the sending side once the output has left. */
  onShutdown(): void;
  /** The session has ended, and the socket can be released. The last call, made once. */
  onClosed(): void;
}

/** Options of a session. */
export interface SessionOptions extends MessageDelivery {
  readonly kernels: Kernels;
  readonly output: Output;
  readonly sink: SessionSink;
  readonly limits: MessageLimits & TimeLimits;
  readonly autoPong: boolean;
  readonly sha1: Sha1Base64;
  /** The compression that a client offers or a server accepts (RFC 7692). Default none. */
  readonly compression?: Compression | undefined;
  /** Server: answers GET and HEAD requests that do not ask for an upgrade. Default none: they are refused with 426. */
  readonly page?: PageAnswer | undefined;
}

/** Further options of a client's session. */
export interface ClientOptions extends UpgradeRequestOptions {
  readonly maskingKeys: MaskingKeys;
  /** Sixteen random bytes. */
  readonly nonce: Uint8Array;
}
