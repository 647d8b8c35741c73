/**
 * What a session is made of, and who is told what happens on it.
 */
import type { WebSocketError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { TimeLimits } from './deadlines.ts';
import type { Opcode } from './frame.ts';
import type { MaskingKeys } from './masking-keys.ts';
import type { MessageDelivery, MessageLimits } from './message-reader.ts';
import type { UpgradeRequestOptions } from './opening/client.ts';
import type { Sha1Base64 } from './opening/key.ts';
import type { UpgradeRequest } from './opening/server.ts';
import type { Output } from './output.ts';
import type { Compression } from './permessage-deflate.ts';

/** Who a session is. */
export type Role = 'client' | 'server';

/** Who is told what happens. Payloads are valid until the call returns. */
export interface SessionSink {
  /** Server: a request to upgrade; answer it with `accept` or `refuse`, at once or later. */
  onRequest(request: UpgradeRequest): void;
  /** The opening handshake is done. */
  onOpen(): void;
  /**
   * A message came, whole; text is valid UTF-8.
   *
   * @param isOwn whether `bytes` is this message and no more, for the sink to keep (see `handsOver`)
   */
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  /** Instead of `onMessage`, if the session was made with `deliversFrames`. */
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
  /** A ping came; it has been answered, if pongs are automatic. */
  onPing(bytes: Uint8Array, start: number, end: number): void;
  /** A pong came. */
  onPong(bytes: Uint8Array, start: number, end: number): void;
  /** The session is open no more, for whatever reason; told once, before what comes of it. */
  onClosing?(): void;
  /** The connection was failed; told once, and the session is open no more. */
  onFailure(error: WebSocketError): void;
  /** Nothing more will be written: the sending side may be ended once the output has left. */
  onShutdown(): void;
  /** All is over: the socket can be let go. Told once, last. */
  onClosed(): void;
}

/** What a session is made of. */
export interface SessionOptions extends MessageDelivery {
  readonly kernels: Kernels;
  readonly output: Output;
  readonly sink: SessionSink;
  readonly limits: MessageLimits & TimeLimits;
  readonly autoPong: boolean;
  readonly sha1: Sha1Base64;
  /** Compression offered or accepted (RFC 7692). Default none. */
  readonly compression?: Compression | undefined;
}

/** What a client's session is made of besides. */
export interface ClientOptions extends UpgradeRequestOptions {
  readonly maskingKeys: MaskingKeys;
  /** Sixteen random bytes. */
  readonly nonce: Uint8Array;
}
