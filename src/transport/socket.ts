/**
 * A socket as the rest of the library sees it: what a driver does with it, its listener, its addresses and its
 * errors.
 *
 * All sockets share the functions that listen to their events. So an idle connection owns no closures, and no closure
 * keeps alive what only connecting needed.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectPhase, TransportError } from '../errors.ts';

/** One end of a connection. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
}

const MAPPED = /^::ffff:(?=[0-9.]+$)/i;
const MAPPED_IN_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

/** Makes an IPv4 address of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2); returns any other address as it is. */
export function plainAddress(address: string | undefined): string | undefined {
  const [, high, low] = MAPPED_IN_HEX.exec(address ?? '') ?? [];
  if (high === undefined || low === undefined) return address?.replace(MAPPED, '');
  const octets = [high, low].flatMap((group) => {
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 0xff];
  });
  return octets.join('.');
}

/** The part of a socket that a driver uses. A stand-in for a socket has the same part. */
export interface DrivenSocket {
  /** Bytes that have not been handed to the system. */
  readonly writableLength: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Calls `written` when the system has taken the bytes, or never will; never before this call has returned. */
  write(bytes: Uint8Array, written?: (error?: Error | null) => void): unknown;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  ref(): unknown;
  unref(): unknown;
  /** Ends the sending side when all bytes have left. */
  end(): unknown;
  destroy(): unknown;
}

/** The socket that a connection owns. One that is no socket of the network has no addresses. */
export interface OwnSocket extends DrivenSocket {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Is called for the events of one socket. */
export interface SocketListener {
  /** Connecting has reached the next phase. In the last phase, the upgrade, the socket can be written. */
  handlePhase(phase: ConnectPhase): void;
  /** Takes `length` bytes read into `bytes`; false stops the reading. */
  receive(bytes: Uint8Array, length: number): boolean;
  handleEnd(): void;
  handleError(error: Error): void;
  handleClose(): void;
}

const LISTENER: unique symbol = Symbol('listener');

type ListenedSocket = Socket & { [LISTENER]: SocketListener };

/** Tells the listener of the end of a socket, and of errors. */
export function listenToEnd(socket: Duplex, listener: SocketListener): void {
  (socket as ListenedSocket)[LISTENER] = listener;
  socket.on('end', handleEnd).on('error', handleError).on('close', handleClose);
}

/**
 * Tells a socket's listener which phase of connecting the socket has reached.
 *
 * @param isNamed whether the host is a name, which must be resolved first
 */
export function listenToPhases(socket: Socket, isNamed: boolean, isSecure: boolean): void {
  // Not `once`: it would leave the socket a larger table of listeners.
  if (isNamed) socket.on('lookup', handleLookup);
  socket.on('connect', isSecure ? handleTcpConnect : handleReady);
  if (isSecure) socket.on('secureConnect', handleReady);
}

/** Gives the listener what the socket has read. Node.js calls this, and the functions below, with the socket as `this`. */
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

/** Wraps an error of a socket. */
export function toTransportError(cause: Error): TransportError {
  return new TransportError(`the connection failed: ${cause.message}`, { cause });
}
