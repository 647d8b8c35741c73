/**
 * The listening side of a server: accepts plain sockets, or ones whose TLS handshake is done.
 */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { nodeTls } from './node-tls.ts';

/** Longest timer of Node.js, in ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** What a listener is made of. */
export interface ListenerOptions {
  readonly noDelay: boolean;
  /** Milliseconds for a TLS handshake; 0 for no limit. */
  readonly handshakeTimeout: number;
  readonly tls: TlsOptions | undefined;
}

/** A listener that is not listening yet. */
export interface Listener {
  readonly server: Server;
  /** Raw sockets under TLS: one that never finishes its TLS handshake is nobody's connection yet. */
  readonly rawSockets: ReadonlySet<Socket>;
}

/**
 * Makes a listener; `accept` is given each socket that can be spoken to.
 *
 * @throws what `tls.createServer` throws for wrong options
 */
export function createListener(
  options: ListenerOptions,
  accept: (socket: Socket) => void,
): Listener {
  const { noDelay, handshakeTimeout, tls } = options;
  const rawSockets = new Set<Socket>();
  if (tls === undefined) {
    return { server: createTcpServer({ noDelay, pauseOnConnect: true }, accept), rawSockets };
  }
  const server = nodeTls().createServer(
    {
      // What is spoken here is HTTP/1.1.
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: handshakeTimeout === 0 ? LONGEST_TIMEOUT : handshakeTimeout,
      ...tls,
      noDelay,
    } as TlsOptions,
    accept,
  );
  // A TLS handshake that fails is the client's affair.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => {
    rawSockets.add(socket);
    socket.once('close', () => rawSockets.delete(socket));
  });
  return { server, rawSockets };
}

/** Makes a URL that reaches, from this machine, who listens on that host; on every address if none is given. */
export function urlOf(host: string | undefined, port: number, isSecure: boolean): string {
  return `${isSecure ? 'wss' : 'ws'}://${reachable(host)}:${port}/`;
}

function reachable(host = '::'): string {
  // A certificate is for a name more often than for an address.
  if (host === '::') return 'localhost';
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
