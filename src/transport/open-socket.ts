/**
 * Opens a client's socket, read without a stream into the shared receive buffer.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ResolvedConnectOptions } from '../options.ts';
import { nodeTls } from './node-tls.ts';
import { receiveBuffer } from './receive-buffer.ts';
import { secureOptions } from './secure-options.ts';
import { sharedContext } from './shared-context.ts';
import { handleRead, listenToEnd, listenToPhases, type SocketListener } from './socket-listener.ts';
import type { Target } from './target.ts';

/** Opens a socket to the target; `listener` is told when it can be written, what it reads, and its end. */
export function openSocket(
  target: Target,
  options: ResolvedConnectOptions,
  listener: SocketListener,
): Socket {
  const shared = {
    host: target.hostname,
    port: target.port,
    noDelay: options.noDelay,
    onread: { buffer: receiveBuffer(), callback: handleRead },
  };
  const socket = target.isSecure
    ? nodeTls().connect({ ...withContext(target, options), ...(shared as object) })
    : connectTcp(shared);
  const isNamed = isIP(target.hostname) === 0;
  if (!isNamed) listener.handlePhase('tcp');
  listenToPhases(socket, isNamed, target.isSecure);
  listenToEnd(socket, listener);
  return socket;
}

function withContext(target: Target, options: ResolvedConnectOptions): ConnectionOptions {
  const secure = secureOptions(target, options);
  secure.secureContext ??= sharedContext(options.tls ?? {});
  return secure;
}
