/**
 * The listening side of a server. It gives plain sockets to the acceptor, or sockets whose TLS handshake is done.
 */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Server as SecureServer, TlsOptions } from 'node:tls';
import { isNativeError, isPromise } from 'node:util/types';
import { MAX_TIMER_DELAY } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';
import { takeProxyHeader } from './proxied-sockets.ts';

/** The options of a listener. */
export interface ListenerOptions {
  readonly noDelay: boolean;
  /** Milliseconds for a TLS handshake, and for a header of the PROXY protocol; 0 for no limit. */
  readonly handshakeTimeout: number;
  readonly proxyProtocol: boolean;
  readonly tls: TlsOptions | undefined;
}

/** A server of Node.js with its sockets. */
export interface Listener {
  readonly server: Server;
  /** The sockets that are no connections yet, or are underneath one: TLS or a header comes first. */
  readonly rawSockets: ReadonlySet<Socket>;
  /** Uses other options of TLS for the handshakes to come; absent without TLS. */
  setTls?(options: TlsOptions): void;
}

/**
 * Makes a listener, which does not listen yet.
 *
 * @param accept is given each socket that is ready for the opening handshake
 * @param handleFault is given what the caller's callbacks for TLS throw
 * @throws what `tls.createServer` throws for wrong options
 */
export function createListener(
  options: ListenerOptions,
  accept: (socket: Socket) => void,
  handleFault: (error: unknown) => void,
): Listener {
  const { noDelay, handshakeTimeout, proxyProtocol, tls } = options;
  const rawSockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    rawSockets.add(socket);
    socket.once('close', () => rawSockets.delete(socket));
  };
  const plain = (next: (socket: Socket) => void): Server =>
    createTcpServer({ noDelay, pauseOnConnect: !proxyProtocol }, (socket) => {
      if (!proxyProtocol) {
        next(socket);
        return;
      }
      keep(socket);
      takeProxyHeader(socket, handshakeTimeout, next);
    });
  if (tls === undefined) return { server: plain(accept), rawSockets };
  const secure = createSecureServer(options, tls, accept, handleFault);
  let current = tls;
  const setTls = (changed: TlsOptions): void => {
    // Options that stay, such as the list of ciphers, need not be given again.
    const merged = { ...current, ...changed };
    secure.setSecureContext(merged);
    current = merged;
  };
  if (!proxyProtocol) {
    secure.on('connection', keep);
    return { server: secure, rawSockets, setTls };
  }
  // The header comes before TLS, on a plain socket, which then goes through the server that does not listen.
  return { server: plain((socket) => secure.emit('connection', socket)), rawSockets, setTls };
}

function createSecureServer(
  { noDelay, handshakeTimeout }: ListenerOptions,
  tls: TlsOptions,
  accept: (socket: Socket) => void,
  handleFault: (error: unknown) => void,
): SecureServer {
  const server = nodeTls().createServer(
    {
      // A client that speaks HTTP/2 as well must not choose it.
      ...(tls.ALPNCallback === undefined ? { ALPNProtocols: ['http/1.1'] } : {}),
      handshakeTimeout: handshakeTimeout === 0 ? MAX_TIMER_DELAY : handshakeTimeout,
      ...tls,
      ...guardedCallbacks(tls, handleFault),
      noDelay,
    } as TlsOptions,
    accept,
  );
  // A TLS handshake that fails is the client's fault, and is not reported.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/**
 * Guards the caller's callbacks that Node.js calls during the TLS handshake. If one throws, returns a promise that
 * rejects, or answers what Node.js would throw for, its client is refused and nothing else happens.
 */
function guardedCallbacks(tls: TlsOptions, handleFault: (error: unknown) => void): TlsOptions {
  const { SNICallback, ALPNCallback, pskCallback } = tls;
  const guarded: TlsOptions = {};
  if (SNICallback !== undefined) {
    guarded.SNICallback = (name, done) => {
      let isDone = false;
      const doneOnce: typeof done = (error, context) => {
        if (isDone) return;
        isDone = true;
        done(error, context);
      };
      const fail = (error: unknown): void => {
        handleFault(error);
        doneOnce(isNativeError(error) ? error : new Error('SNICallback failed', { cause: error }));
      };
      try {
        // The callback is often an async function.
        Promise.resolve(SNICallback(name, doneOnce) as unknown).catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }
  if (ALPNCallback !== undefined) {
    guarded.ALPNCallback = (offered) => {
      const chosen = answerOf('ALPNCallback', () => ALPNCallback(offered), handleFault);
      // Node.js would throw for a protocol that the client has not offered.
      return offered.protocols.find((protocol) => protocol === chosen);
    };
  }
  if (pskCallback !== undefined) {
    guarded.pskCallback = (socket, identity) => {
      const key = answerOf('pskCallback', () => pskCallback(socket, identity), handleFault);
      if (key === undefined || key === null || ArrayBuffer.isView(key)) return key ?? null;
      handleFault(new TypeError('pskCallback must return the key as bytes, or null'));
      return null;
    };
  }
  return guarded;
}

/** Calls a callback that must answer at once; returns `undefined` if it fails. */
function answerOf<T>(
  name: string,
  ask: () => T,
  handleFault: (error: unknown) => void,
): T | undefined {
  try {
    const answer = ask();
    if (!isPromise(answer)) return answer;
    Promise.resolve(answer).catch(handleFault);
    throw new TypeError(`${name} must answer at once, not with a promise`);
  } catch (error) {
    handleFault(error);
    return undefined;
  }
}
