/**
 * Opens a client's socket. It is read without a stream, into the shared receive buffer.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ResolvedConnectOptions } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';
import { receiveBuffer } from '../transport/receive-buffer.ts';
import {
  handleRead,
  listenToEnd,
  listenToPhases,
  type SocketListener,
} from '../transport/socket.ts';
import { secureOptions, withGuards } from './secure-options.ts';
import { sharedContext } from './shared-context.ts';
import type { Target } from './target.ts';
import { checkTlsOptions, dialingOptions } from './tls-options.ts';

/**
 * Opens a socket to the target. The listener is told the phases, what the socket reads, and its end.
 *
 * @throws TypeError, RangeError for options of TLS that this function or Node.js refuses
 */
export function openSocket(
  target: Target,
  options: ResolvedConnectOptions,
  listener: SocketListener,
): Socket {
  checkTlsOptions(options.tls);
  const shared = {
    host: target.hostname,
    port: target.port,
    noDelay: options.noDelay,
    onread: { buffer: receiveBuffer(), callback: handleRead },
  };
  const socket = target.isSecure ? openSecure(target, options, shared) : connectTcp(shared);
  const isNamed = isIP(target.hostname) === 0;
  if (!isNamed) listener.handlePhase('tcp');
  listenToPhases(socket, isNamed, target.isSecure);
  listenToEnd(socket, listener);
  return socket;
}

function openSecure(target: Target, options: ResolvedConnectOptions, shared: object): TLSSocket {
  const { tls = {}, noDelay } = options;
  const secure = withGuards(secureOptions(target, options), (error) => socket.destroy(error));
  secure.secureContext ??= sharedContext(tls);
  const socket = nodeTls().connect({ ...secure, ...shared });
  // Before Node.js 24 `tls.connect` ignores these options.
  const { keepAlive, keepAliveInitialDelay } = dialingOptions(tls);
  socket.setNoDelay(noDelay);
  if (keepAlive === true) socket.setKeepAlive(true, keepAliveInitialDelay);
  return socket;
}
