/**
 * Takes over a socket that a server has accepted, read like a client's: without a stream, into the
 * shared receive buffer.
 *
 * `net.connect` takes an `onread` option for that; accepted sockets have no such option, but the
 * same fields. Where they are not as expected, the socket is read as a stream.
 */
import type { Socket } from 'node:net';
import { receiveBuffer } from './receive-buffer.ts';

/** Takes the bytes read; false stops the reading. */
export type ReadCallback = (bytes: Uint8Array, length: number) => boolean;

/** The fields behind the `onread` option. */
interface ReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface BufferedHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

let fields: ReadFields | null | undefined;

/** Reads the socket into `callback` from now on. */
export function adoptSocket(socket: Socket, callback: ReadCallback): void {
  // What the socket has read by itself comes first.
  socket.pause();
  const early: Buffer[] = [];
  for (let piece = socket.read(); piece !== null; piece = socket.read()) early.push(piece);
  fields ??= findFields(socket);
  const handle = (socket as unknown as { _handle: BufferedHandle | null })._handle;
  if (fields === null || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (piece: Buffer) => {
      if (!callback(piece, piece.length)) socket.pause();
    });
  } else {
    const buffer = receiveBuffer();
    const target = socket as unknown as Record<symbol, unknown>;
    target[fields.buffer] = buffer;
    target[fields.callback] = (length: number): boolean => callback(buffer, length);
    handle.useUserBuffer(buffer);
  }
  for (const piece of early) callback(piece, piece.length);
  socket.resume();
}

function findFields(socket: Socket): ReadFields | null {
  const symbols = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => symbols.find(({ description }) => description === name);
  const buffer = find('kBuffer');
  const callback = find('kBufferCb');
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}
