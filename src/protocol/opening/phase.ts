/**
 * The opening handshake of a session, in either role (RFC 6455 §4). The session drops it once it is open.
 */
import { HandshakeError, LocalProtocolError } from '../../errors.ts';
import type { ClientOpening, OpeningAgreement } from './client.ts';
import { ServerOpening, type UpgradeRefusal, type UpgradeRequest } from './server.ts';

/** The session, which the opening handshake tells how it ends. */
export interface OpeningOwner {
  /** Both ends agree: messages may go both ways. */
  handleOpened(agreement: OpeningAgreement): void;
  /** The request is wrong and gets this answer. */
  handleRefused(answer: UpgradeRefusal, error: HandshakeError): void;
  /** The handshake failed, and nothing is left to say. */
  handleOpeningFailed(error: HandshakeError): void;
}

/** The part of a sink that is told of requests. */
export interface RequestSink {
  onRequest(request: UpgradeRequest): void;
}

/** What a server's answer that upgrades is made of. */
export type Acceptance = ReturnType<ServerOpening['accept']>;

/** An opening handshake under way. */
export class OpeningPhase {
  readonly #opening: ClientOpening | ServerOpening;
  readonly #owner: OpeningOwner;
  readonly #sink: RequestSink;

  constructor(opening: ClientOpening | ServerOpening, owner: OpeningOwner, sink: RequestSink) {
    this.#opening = opening;
    this.#owner = owner;
    this.#sink = sink;
  }

  /** Whether the server has refused, and the body of its refusal is still to come. */
  get isRefused(): boolean {
    return !(this.#opening instanceof ServerOpening) && this.#opening.isRefused;
  }

  /** Reads from `bytes[start, end)` and returns how far it came. */
  receive(bytes: Uint8Array, start: number, end: number): number {
    const opening = this.#opening;
    return opening instanceof ServerOpening
      ? this.#receiveRequest(opening, bytes, start, end)
      : this.#receiveResponse(opening, bytes, start, end);
  }

  /** The connection ended before the handshake did. */
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
   * Makes the response that accepts the request, and what was agreed on.
   *
   * @throws LocalProtocolError if no request waits for an answer
   */
  accept(protocol: string, headers: readonly (readonly [string, string])[]): Acceptance {
    return waitingRequest(this.#opening).accept(protocol, headers);
  }

  /** @throws LocalProtocolError if no request waits for an answer */
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
    // No byte after the request is looked at before it is answered.
    if (opening.request !== undefined) return start;
    const next = opening.receive(bytes, start, end);
    const { refusal, request } = opening;
    if (refusal !== undefined) this.#owner.handleRefused(refusal.answer, refusal.error);
    else if (request !== undefined) this.#sink.onRequest(request);
    return next;
  }
}

function waitingRequest(opening: ClientOpening | ServerOpening): ServerOpening {
  if (opening instanceof ServerOpening && opening.request !== undefined) return opening;
  throw noRequestWaits();
}

/** Makes the error for an answer to a request that does not wait for one. */
export function noRequestWaits(): LocalProtocolError {
  return new LocalProtocolError('no request waits for an answer');
}
