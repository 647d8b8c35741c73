/**
 * A request to upgrade as the request hook is given it: the head of the request, and facts of its socket.
 */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { INSPECT } from '../inspection.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import { type UpgradeRequest as RequestHead, shownRequest } from '../protocol/opening/server.ts';
import { type OwnSocket, plainAddress } from '../transport/socket.ts';
import type { TrustedProxies } from './client-address.ts';
import { parseCookies } from './cookies.ts';
import { pathOf } from './path-filter.ts';
import { proxiedAddress } from './proxied-addresses.ts';

/** A request that came over a socket. Its connection keeps it, so it has no copies of the socket's facts. */
export class SocketRequest implements UpgradeRequest {
  readonly #head: RequestHead;
  readonly #socket: OwnSocket;
  readonly #proxies: TrustedProxies;

  constructor(head: RequestHead, socket: OwnSocket, proxies: TrustedProxies) {
    this.#head = head;
    this.#socket = socket;
    this.#proxies = proxies;
    // After its end a socket knows only the addresses that it was asked for before.
    socket.remoteAddress;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get path(): string {
    return pathOf(this.#head.target);
  }

  get query(): URLSearchParams {
    const { target } = this.#head;
    const mark = target.indexOf('?');
    return new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
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

  get cookies(): ReadonlyMap<string, string> {
    return parseCookies(this.#head.headers.get('cookie'));
  }

  get remoteAddress(): string | undefined {
    return plainAddress((proxiedAddress(this.#socket) ?? this.#socket).remoteAddress);
  }

  get remotePort(): number | undefined {
    return (proxiedAddress(this.#socket) ?? this.#socket).remotePort;
  }

  get clientAddress(): string | undefined {
    const { remoteAddress } = this;
    if (this.#proxies.isEmpty) return remoteAddress;
    return this.#proxies.clientOf(remoteAddress, this.headers);
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
    const { path, remoteAddress, remotePort, isSecure } = this;
    return shownRequest(this, { path, remoteAddress, remotePort, isSecure });
  }

  get #tls(): TLSSocket | undefined {
    return 'encrypted' in this.#socket ? (this.#socket as unknown as TLSSocket) : undefined;
  }
}
