/**
 * One session with everything that it needs around it. Its events are recorded in order.
 */
import { createHash } from 'node:crypto';
import type { WebSocketError } from '../../src/errors.ts';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import type { TimeLimits } from '../../src/protocol/deadlines.ts';
import { MaskingKeys } from '../../src/protocol/masking-keys.ts';
import type { MessageLimits } from '../../src/protocol/message-reader.ts';
import type { PageAnswer, UpgradeRequest } from '../../src/protocol/opening/server.ts';
import { type Output, OutputBuffer } from '../../src/protocol/output.ts';
import type { Compression } from '../../src/protocol/permessage-deflate.ts';
import { Session } from '../../src/protocol/session.ts';
import type { Role, SessionSink } from '../../src/protocol/session-options.ts';
import { concat, describeFrames, type FrameFields, frame, KEY } from './frames.ts';
import { NONCE, request, response } from './handshakes.ts';

export const LIMITS: MessageLimits & TimeLimits = {
  maxMessageSize: 1024 * 1024,
  maxFragments: 16,
  openTimeout: 10_000,
  closeTimeout: 5000,
  pingInterval: 20_000,
  pingTimeout: 15_000,
};

/** An output from which a test can take what was written. */
export interface EndpointOutput extends Output {
  isBlocked: boolean;
  take(): Uint8Array;
}

/** Options of an endpoint; all have a default. */
export interface EndpointOptions {
  kernels?: Kernels;
  output?: EndpointOutput;
  limits?: Partial<MessageLimits & TimeLimits>;
  autoPong?: boolean;
  deliversFrames?: boolean;
  compression?: Compression | undefined;
  protocols?: readonly string[];
  headers?: readonly (readonly [string, string])[];
  /** Client: its masking keys. Default the same keys in every run. */
  maskingKeys?: MaskingKeys;
  now?: number;
  /** Whether `onClosing` is recorded, as `closing`. */
  tellsClosing?: boolean;
  /** Server: what to do with a request. Default: accept it. */
  onRequest?: (end: Endpoint, request: UpgradeRequest) => void;
  onRefused?: SessionSink['onRefused'];
  page?: PageAnswer;
  /** Called inside the session's call, after the event was recorded. */
  onEvent?: (end: Endpoint, event: string) => void;
}

export function sha1Base64(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

/** Masking keys that are the same in every run. */
export function fixedMaskingKeys(key: readonly number[] = KEY): MaskingKeys {
  const keys = Uint8Array.from({ length: 16 }, (_, i) => key[i % 4] as number);
  return new MaskingKeys((bytes) => bytes.set(keys), 4);
}

/** A session, its output and its events. */
export class Endpoint {
  readonly role: Role;
  readonly session: Session;
  readonly output: EndpointOutput;
  /** Such as `open`, `text:hello`, `failure:WS_REMOTE_PROTOCOL:1002`, `closed`. */
  readonly events: string[] = [];
  readonly failures: WebSocketError[] = [];
  request: UpgradeRequest | undefined;
  now: number;
  readonly #onEvent: (end: Endpoint, event: string) => void;

  constructor(role: Role, options: EndpointOptions = {}) {
    this.role = role;
    this.now = options.now ?? 0;
    this.output = options.output ?? new OutputBuffer();
    this.#onEvent = options.onEvent ?? (() => {});
    const sessionOptions = {
      kernels: options.kernels ?? scalarKernels,
      output: this.output,
      sink: this.#sink(
        options.onRequest ?? ((end) => end.session.accept('', [], end.now)),
        options.tellsClosing === true,
      ),
      limits: { ...LIMITS, ...options.limits },
      autoPong: options.autoPong ?? true,
      deliversFrames: options.deliversFrames ?? false,
      sha1: sha1Base64,
      compression: options.compression,
      page: options.page,
    };
    if (options.onRefused !== undefined) sessionOptions.sink.onRefused = options.onRefused;
    const { protocols = [], headers = [] } = options;
    const client = {
      host: 'server.example.com',
      target: '/chat',
      protocols,
      headers,
      nonce: NONCE,
      maskingKeys: options.maskingKeys ?? fixedMaskingKeys(),
    };
    this.session =
      role === 'client'
        ? Session.client(sessionOptions, client, this.now)
        : Session.server(sessionOptions, this.now);
  }

  /** Gives the session bytes in pieces of that size, each in memory of its own. */
  receive(bytes: Uint8Array, size: number = Math.max(1, bytes.length)): void {
    for (let at = 0; at < bytes.length; at += size) {
      let piece = bytes.slice(at, at + size);
      while (piece.length > 0) {
        const read = this.session.receive(piece, 0, piece.length, this.now);
        if (read === 0) throw new Error('the session takes no bytes');
        piece = piece.subarray(read);
      }
    }
  }

  /** Gives the session frames from its peer, masked if the peer is a client. */
  receiveFrames(...frames: readonly FrameFields[]): void {
    const key = this.role === 'server' ? KEY : undefined;
    this.receive(concat(...frames.map((fields) => frame({ key, ...fields }))));
  }

  /** The bytes sent since the last call. */
  sent(): Uint8Array {
    return this.output.take();
  }

  /** The frames sent since the last call, such as `close:1000`. */
  sentFrames(): string[] {
    return describeFrames(this.sent());
  }

  /** The events since the last call. */
  takeEvents(): string[] {
    return this.events.splice(0);
  }

  #sink(
    onRequest: (end: Endpoint, request: UpgradeRequest) => void,
    tellsClosing: boolean,
  ): SessionSink {
    const tell = (event: string) => {
      this.events.push(event);
      this.#onEvent(this, event);
    };
    const hex = (bytes: Uint8Array, start: number, end: number) =>
      Buffer.from(bytes.subarray(start, end)).toString('hex');
    const text = (bytes: Uint8Array, start: number, end: number) =>
      Buffer.from(bytes.subarray(start, end)).toString();
    return {
      onRequest: (upgrade) => {
        this.request = upgrade;
        tell('request');
        onRequest(this, upgrade);
      },
      onOpen: () => tell('open'),
      onMessage: (bytes, start, end, isText) =>
        tell(isText ? `text:${text(bytes, start, end)}` : `binary:${hex(bytes, start, end)}`),
      onFrame: (isFinal, opcode, bytes, start, end) =>
        tell(`frame:${opcode}${isFinal ? '' : '+'}:${hex(bytes, start, end)}`),
      onPing: (bytes, start, end) => tell(`ping:${text(bytes, start, end)}`),
      onPong: (bytes, start, end) => tell(`pong:${text(bytes, start, end)}`),
      ...(tellsClosing ? { onClosing: () => tell('closing') } : {}),
      onFailure: (error) => {
        this.failures.push(error);
        const { closeCode } = error as { closeCode?: number };
        tell(`failure:${error.code}${closeCode === undefined ? '' : `:${closeCode}`}`);
      },
      onShutdown: () => tell('shutdown'),
      onClosed: () => tell('closed'),
    };
  }
}

/** An endpoint whose opening handshake is done and removed from the output and the events. */
export function openEndpoint(role: Role, options: EndpointOptions = {}): Endpoint {
  const end = new Endpoint(role, options);
  end.receive(role === 'client' ? response() : request());
  end.sent();
  end.takeEvents();
  return end;
}
