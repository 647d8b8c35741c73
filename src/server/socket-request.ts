/**
 * A request to upgrade as the server's hook is given it: its head, and what the socket knows.
 */
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT } from '../inspection.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import { type UpgradeRequest as RequestHead, shownRequest } from '../protocol/opening/server.ts';
import { plainAddress } from '../transport/socket.ts';

/** A request that came over a socket. It lives as long as its connection, so it keeps as little as it can. */
export class SocketRequest implements UpgradeRequest {
  readonly #head: RequestHead;
  readonly #socket: Socket;

  constructor(head: RequestHead, socket: Socket) {
    this.#head = head;
    this.#socket = socket;
    // A socket that has closed tells only what it has been asked before.
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
    // Node.js tells an empty object where there is none, and null after the end.
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
