/**
 * A socket as the rest of the library sees it: what a driver does with it, whom it tells what happens, its
 * addresses and its error.
 *
 * All sockets share the functions that listen to them: an idle connection owns no closures for what may
 * happen to it, and none of them keeps alive what only connecting needed.
 */
import type { Socket } from 'node:net';
import { type ConnectPhase, TransportError } from '../errors.ts';

/** One end of a connection. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
}

const MAPPED = /^::ffff:(?=[0-9.]+$)/i;

/** Returns an address as it is, but one of IPv4 that a socket of IPv6 was reached by as one of IPv4 (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(MAPPED, '');
}

/** What a driver does with its socket. Sockets of Node.js have it all; so has what stands in for one. */
export interface DrivenSocket {
  /** Bytes that have not been handed to the system. */
  readonly writableLength: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** `written` is called once the system has taken the bytes, or never will; never within this call. */
  write(bytes: Uint8Array, written?: (error?: Error | null) => void): unknown;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  ref(): unknown;
  unref(): unknown;
  /** Ends the sending side once all has left. */
  end(): unknown;
  destroy(): unknown;
}

/** Who is told what happens to a socket. */
export interface SocketListener {
  /** Connecting has reached the next phase; in the last one, the upgrade, the socket can be written. */
  handlePhase(phase: ConnectPhase): void;
  /** Takes `length` bytes read into `bytes`; false stops the reading. */
  receive(bytes: Uint8Array, length: number): boolean;
  handleEnd(): void;
  handleError(error: Error): void;
  handleClose(): void;
}

const LISTENER: unique symbol = Symbol('listener');

type ListenedSocket = Socket & { [LISTENER]: SocketListener };

/** Tells `listener` from now on how the socket ends. */
export function listenToEnd(socket: Socket, listener: SocketListener): void {
  (socket as ListenedSocket)[LISTENER] = listener;
  socket.on('end', handleEnd).on('error', handleError).on('close', handleClose);
}

/**
 * Tells the socket's listener how connecting goes on.
 *
 * @param isNamed whether a name must be resolved first
 */
export function listenToPhases(socket: Socket, isNamed: boolean, isSecure: boolean): void {
  // Listeners that remove themselves would leave the socket a table of them that takes more memory.
  if (isNamed) socket.on('lookup', handleLookup);
  socket.on('connect', isSecure ? handleTcpConnect : handleReady);
  if (isSecure) socket.on('secureConnect', handleReady);
}

/** Takes what the socket has read; Node.js calls it, as all that it calls, with the socket as `this`. */
export function handleRead(this: unknown, length: number, bytes: Uint8Array): boolean {
  return (this as ListenedSocket)[LISTENER].receive(bytes, length);
}

function handleLookup(this: Socket): void {
  (this as ListenedSocket)[LISTENER].handlePhase('tcp');
}

function handleTcpConnect(this: Socket): void {
  (this as ListenedSocket)[LISTENER].handlePhase('tls');
}

function handleReady(this: Socket): void {
  (this as ListenedSocket)[LISTENER].handlePhase('upgrade');
}

function handleEnd(this: Socket): void {
  (this as ListenedSocket)[LISTENER].handleEnd();
}

function handleError(this: Socket, error: Error): void {
  (this as ListenedSocket)[LISTENER].handleError(error);
}

function handleClose(this: Socket): void {
  (this as ListenedSocket)[LISTENER].handleClose();
}

/** Makes an error of ours of a socket's. */
export function toTransportError(cause: Error): TransportError {
  return new TransportError(`the connection failed: ${cause.message}`, { cause });
}
