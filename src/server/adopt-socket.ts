/**
 * Takes over a socket that a server has accepted. It is read like a client's: without a stream, into the shared
 * receive buffer.
 *
 * A client's socket gets that from the option `onread` of `net.connect`. Accepted sockets cannot be given the option,
 * but they have the fields behind it. If the fields are not as expected, the socket is read as a stream.
 */
import type { Socket } from 'node:net';
import { receiveBuffer } from '../transport/receive-buffer.ts';
import { handleRead, listenToEnd, type SocketListener } from '../transport/socket.ts';

/** The fields behind the `onread` option. */
interface ReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface BufferedHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

let fields: ReadFields | null | undefined;

/** Gives the listener what the socket reads, and tells it of the end. */
export function adoptSocket(socket: Socket, listener: SocketListener): void {
  listenToEnd(socket, listener);
  // Bytes that the socket has read before now come first.
  socket.pause();
  const early: Buffer[] = [];
  for (let piece = socket.read(); piece !== null; piece = socket.read()) early.push(piece);
  fields ??= findFields(socket);
  const handle = (socket as unknown as { _handle: BufferedHandle | null })._handle;
  if (fields === null || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (piece: Buffer) => {
      if (!listener.receive(piece, piece.length)) socket.pause();
    });
  } else {
    const buffer = receiveBuffer();
    const target = socket as unknown as Record<symbol, unknown>;
    target[fields.buffer] = buffer;
    target[fields.callback] = handleRead;
    handle.useUserBuffer(buffer);
  }
  for (const piece of early) listener.receive(piece, piece.length);
  socket.resume();
}

function findFields(socket: Socket): ReadFields | null {
  const symbols = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => symbols.find(({ description }) => description === name);
  const buffer = find('kBuffer');
  const callback = find('kBufferCb');
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}
