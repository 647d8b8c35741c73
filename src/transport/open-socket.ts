/**
 * Opens a client's socket, read without a stream into the shared receive buffer.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { ConnectPhase } from '../errors.ts';
import type { ResolvedConnectOptions } from '../options.ts';
import { nodeTls } from './node-tls.ts';
import { receiveBuffer } from './receive-buffer.ts';
import { secureOptions } from './secure-options.ts';
import type { Target } from './target.ts';

/** Who is told of a socket's progress. */
export interface SocketReader {
  /** The next phase begins. */
  onPhase(phase: ConnectPhase): void;
  onConnect(): void;
  /** Bytes were read; false stops the reading. */
  onRead(bytes: Uint8Array, length: number): boolean;
}

/** Opens a socket to the target; `reader` is told when it can be written, and what it reads. */
export function openSocket(
  target: Target,
  options: ResolvedConnectOptions,
  reader: SocketReader,
): Socket {
  const buffer = receiveBuffer();
  const shared = {
    host: target.hostname,
    port: target.port,
    noDelay: options.noDelay,
    onread: {
      buffer,
      callback: (length: number): boolean => reader.onRead(buffer, length),
    },
  };
  const socket = target.isSecure
    ? nodeTls().connect({ ...secureOptions(target, options), ...(shared as object) })
    : connectTcp(shared);
  if (isIP(target.hostname) !== 0) reader.onPhase('tcp');
  socket.once('lookup', () => reader.onPhase('tcp'));
  if (target.isSecure) {
    socket.once('connect', () => reader.onPhase('tls'));
    socket.once('secureConnect', () => reader.onConnect());
  } else {
    socket.once('connect', () => reader.onConnect());
  }
  return socket;
}
