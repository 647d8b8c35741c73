/**
 * The listening side of a server: accepts plain sockets, or ones whose TLS handshake is done.
 */

import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { isNativeError, isPromise } from 'node:util/types';
import { MAX_TIMER_DELAY } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';

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
 * Makes a listener; `accept` is given each socket that can be spoken to, and `handleFault` is told what the
 * caller's own callbacks for TLS throw.
 *
 * @throws what `tls.createServer` throws for wrong options
 */
export function createListener(
  options: ListenerOptions,
  accept: (socket: Socket) => void,
  handleFault: (error: unknown) => void,
): Listener {
  const { noDelay, handshakeTimeout, tls } = options;
  const rawSockets = new Set<Socket>();
  if (tls === undefined) {
    return { server: createTcpServer({ noDelay, pauseOnConnect: true }, accept), rawSockets };
  }
  const server = nodeTls().createServer(
    {
      // What is spoken here is HTTP/1.1.
      ...(tls.ALPNCallback === undefined ? { ALPNProtocols: ['http/1.1'] } : {}),
      handshakeTimeout: handshakeTimeout === 0 ? MAX_TIMER_DELAY : handshakeTimeout,
      ...tls,
      ...guardedCallbacks(tls, handleFault),
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

/**
 * Returns the caller's callbacks that a stranger's first bytes lead to: what one of them throws, what its
 * promise is rejected with, or an answer that Node.js would throw for, refuses that client and no more.
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
        // It is often written as an async function.
        Promise.resolve(SNICallback(name, doneOnce) as unknown).catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }
  if (ALPNCallback !== undefined) {
    guarded.ALPNCallback = (offered) => {
      const chosen = answerOf('ALPNCallback', () => ALPNCallback(offered), handleFault);
      // A client that offers none of what is spoken here is no fault of the callback's.
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

/** Asks a callback that must answer at once; nothing where it has not. */
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
