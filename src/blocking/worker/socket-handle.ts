/**
 * What Node.js keeps to itself of a socket, as far as it is needed here: each name may be missing in
 * some version, and on some platform.
 */
import type { Socket } from 'node:net';

/** The private part of a socket. */
export interface SocketHandle {
  readonly fd?: number;
  setBlocking?(isBlocking: boolean): number;
}

/** Returns a socket's handle; nothing before it has one, and after its end. */
export function handleOf(socket: Socket): SocketHandle | null {
  return (socket as unknown as { _handle?: SocketHandle | null })._handle ?? null;
}
