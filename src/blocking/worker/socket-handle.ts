/**
 * The private part of a Node.js socket that blocking I/O uses. Each name may be missing in some version
 * or on some platform.
 */
import type { Socket } from 'node:net';

/** The private part of a socket. */
export interface SocketHandle {
  readonly fd?: number;
  setBlocking?(isBlocking: boolean): number;
}

/** Returns a socket's handle; null before the socket has one, and after its end. */
export function handleOf(socket: Socket): SocketHandle | null {
  return (socket as unknown as { _handle?: SocketHandle | null })._handle ?? null;
}
