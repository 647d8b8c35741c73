/**
 * A request to upgrade as the request hook is given it: the head of the request, and facts of its socket.
 */
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT } from '../inspection.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import { type UpgradeRequest as RequestHead, shownRequest } from '../protocol/opening/server.ts';
import { plainAddress } from '../transport/socket.ts';

/** A request that came over a socket. Its connection keeps it, so it has no copies of the socket's facts. */
export class SocketRequest implements UpgradeRequest {
  readonly #head: RequestHead;
  readonly #socket: Socket;

  constructor(head: RequestHead, socket: Socket) {
    this.#head = head;
    this.#socket = socket;
    // After its end a socket knows only the addresses that it was asked for before.
    socket.remoteAddress;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get host(): string {
    return this.#head.host;
  }

  get origin(): string | undefined {
    return this.#head.origin;
  }

  get protocols(): readonly string[] {
    return this.#head.protocols;
  }

  get headers(): HeaderMap {
    return this.#head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  get remoteAddress(): string | undefined {
    return plainAddress(this.#socket.remoteAddress);
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get isSecure(): boolean {
    return this.#tls !== undefined;
  }

  get peerCertificate(): PeerCertificate | undefined {
    // Node.js returns an empty object if there is no certificate, and null after the end.
    const certificate = this.#tls?.getPeerCertificate() as PeerCertificate | null | undefined;
    return certificate?.raw === undefined ? undefined : certificate;
  }

  get isVerified(): boolean {
    return this.#tls?.authorized === true;
  }

  /** @internal */
  [INSPECT](): object {
    const { remoteAddress, remotePort, isSecure } = this;
    return shownRequest(this, { remoteAddress, remotePort, isSecure });
  }

  get #tls(): TLSSocket | undefined {
    return 'encrypted' in this.#socket ? (this.#socket as TLSSocket) : undefined;
  }
}
