/**
 * The opening handshake of a session, in either role (RFC 6455 §4). The session drops this object once
 * the handshake is done.
 */
import { HandshakeError, LocalProtocolError } from '../../errors.ts';
import type { ClientOpening, OpeningAgreement } from './client.ts';
import {
  type ReceivedRequest,
  ServerOpening,
  type UpgradeRefusal,
  type UpgradeRequest,
} from './server.ts';

/** Is told how the opening handshake ends: the session. */
export interface OpeningOwner {
  /** The handshake succeeded, and both ends may send messages. */
  handleOpened(agreement: OpeningAgreement): void;
  /** The request is wrong, or asks for no upgrade, and this answer has to be sent. */
  handleRefused(answer: UpgradeRefusal, error: HandshakeError, isOfUpgrade: boolean): void;
  /** The handshake failed, and nothing has to be sent. */
  handleOpeningFailed(error: HandshakeError): void;
}

/** The part of a sink that takes requests. */
export interface RequestSink {
  /** A request to upgrade arrived. */
  onRequest(request: UpgradeRequest): void;
}

/** A server's response that accepts the upgrade, and what both ends agreed on. */
export type Acceptance = ReturnType<ServerOpening['accept']>;

/** An opening handshake that is not done. */
export class OpeningPhase {
  readonly #opening: ClientOpening | ServerOpening;
  readonly #owner: OpeningOwner;
  readonly #sink: RequestSink;

  constructor(opening: ClientOpening | ServerOpening, owner: OpeningOwner, sink: RequestSink) {
    this.#opening = opening;
    this.#owner = owner;
    this.#sink = sink;
  }

  /** Whether the server has refused the upgrade, and the body of its response has not ended. */
  get isRefused(): boolean {
    return !(this.#opening instanceof ServerOpening) && this.#opening.isRefused;
  }

  /** Whether a request to a server waits for an answer. */
  get hasRequest(): boolean {
    return this.#opening instanceof ServerOpening && this.#opening.request !== undefined;
  }

  /** Reads from `bytes[start, end)` and returns the offset of the first byte that was not read. */
  receive(bytes: Uint8Array, start: number, end: number): number {
    const opening = this.#opening;
    return opening instanceof ServerOpening
      ? this.#receiveRequest(opening, bytes, start, end)
      : this.#receiveResponse(opening, bytes, start, end);
  }

  /**
   * Takes a request whose head somebody else has read.
   *
   * @throws LocalProtocolError in the role of a client, and if a request came before
   */
  take(request: ReceivedRequest): void {
    const opening = this.#opening;
    if (!(opening instanceof ServerOpening) || !opening.isEmpty) {
      throw new LocalProtocolError('only a server without a request takes one');
    }
    opening.take(request);
    this.#handleRequest(opening);
  }

  /** The connection ended before the handshake was done. */
  receiveEof(): void {
    const opening = this.#opening;
    if (opening instanceof ServerOpening) {
      this.#owner.handleOpeningFailed(opening.receiveEof());
      return;
    }
    opening.receiveEof();
    this.#owner.handleOpeningFailed(opening.result as HandshakeError);
  }

  /**
   * Makes the response that accepts the request, and says what both ends agreed on.
   *
   * @throws LocalProtocolError if no request waits for an answer
   */
  accept(protocol: string, headers: readonly (readonly [string, string])[]): Acceptance {
    return waitingRequest(this.#opening).accept(protocol, headers);
  }

  /**
   * Checks that a request waits for an answer.
   *
   * @throws LocalProtocolError if none does
   */
  checkWaiting(): void {
    waitingRequest(this.#opening);
  }

  #receiveResponse(opening: ClientOpening, bytes: Uint8Array, start: number, end: number): number {
    const next = opening.receive(bytes, start, end);
    const { result } = opening;
    if (result instanceof HandshakeError) this.#owner.handleOpeningFailed(result);
    else if (result !== undefined) this.#owner.handleOpened(result);
    return next;
  }

  #receiveRequest(opening: ServerOpening, bytes: Uint8Array, start: number, end: number): number {
    // Bytes after the request stay unread until the request is answered.
    if (opening.request !== undefined) return start;
    const next = opening.receive(bytes, start, end);
    this.#handleRequest(opening);
    return next;
  }

  #handleRequest({ refusal, request }: ServerOpening): void {
    if (refusal !== undefined) {
      this.#owner.handleRefused(refusal.answer, refusal.error, refusal.isOfUpgrade);
    } else if (request !== undefined) this.#sink.onRequest(request);
  }
}

function waitingRequest(opening: ClientOpening | ServerOpening): ServerOpening {
  if (opening instanceof ServerOpening && opening.request !== undefined) return opening;
  throw noRequestWaits();
}

/** Makes the error for `accept` or `refuse` without a request that waits for an answer. */
export function noRequestWaits(): LocalProtocolError {
  return new LocalProtocolError('no request waits for an answer');
}
