/**
 * Takes over a socket that somebody else has opened: a server that accepted it, or an HTTP server that gave it away. It
 * is read like a client's: without a stream, into the shared receive buffer.
 *
 * A client's socket gets that from the option `onread` of `net.connect`. Accepted sockets cannot be given the option,
 * but they have the fields behind it. If the fields are not as expected, the socket is read as a stream.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { nextTick } from './clock.ts';
import { DuplexSocket } from './duplex-socket.ts';
import { receiveBuffer } from './receive-buffer.ts';
import { handleRead, listenToEnd, type OwnSocket, type SocketListener } from './socket.ts';

/** The fields behind the `onread` option. */
interface ReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface BufferedHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/** A socket that was taken over, and is not read yet. */
export interface AdoptedSocket {
  readonly socket: OwnSocket;
  /**
   * Gives the listener what was read before, `head` first. Then it reads the socket, unless `isWanted` is false: the
   * listener resumes the socket later. The listener may have destroyed the socket before this call.
   */
  begin(head?: Uint8Array, isWanted?: boolean): void;
}

let fields: ReadFields | null | undefined;

/** Takes over a socket. The listener is told of its end and of errors from now on, and of bytes after `begin`. */
export function adoptSocket(stream: Duplex, listener: SocketListener): AdoptedSocket {
  listenToEnd(stream, listener);
  // Bytes that the socket has read before now come first.
  stream.pause();
  const isSocket = stream instanceof Socket;
  // Payloads are unmasked in place, and the bytes of another stream may be its writer's own.
  const own = (piece: Uint8Array): Uint8Array => (isSocket ? piece : new Uint8Array(piece));
  const early: Uint8Array[] = [];
  for (let piece = stream.read(); piece !== null; piece = stream.read()) early.push(own(piece));
  const isRead = isSocket && readDirectly(stream);
  const socket = isSocket ? stream : new DuplexSocket(stream);
  return {
    socket,
    begin(head, isWanted = true) {
      let goesOn = isWanted;
      if (head !== undefined && head.length > 0) early.unshift(head);
      for (const piece of early) goesOn = listener.receive(piece, piece.length);
      if (stream.readableEnded) nextTick(() => listener.handleEnd());
      if (!isRead) {
        stream.on('data', (piece: Uint8Array) => {
          if (socket instanceof DuplexSocket) socket.bytesRead += piece.length;
          if (!listener.receive(own(piece), piece.length)) stream.pause();
        });
        stream.pause();
      }
      if (goesOn) stream.resume();
    },
  };
}

/** Has the socket read into the shared buffer; false if this version of Node.js does not let it. */
function readDirectly(socket: Socket): boolean {
  fields ??= findFields(socket);
  const handle = (socket as unknown as { _handle: BufferedHandle | null })._handle;
  if (fields === null || typeof handle?.useUserBuffer !== 'function') return false;
  const buffer = receiveBuffer();
  const target = socket as unknown as Record<symbol, unknown>;
  target[fields.buffer] = buffer;
  target[fields.callback] = handleRead;
  handle.useUserBuffer(buffer);
  return true;
}

function findFields(socket: Socket): ReadFields | null {
  const symbols = Object.getOwnPropertySymbols(socket);
  const find = (name: string) => symbols.find(({ description }) => description === name);
  const buffer = find('kBuffer');
  const callback = find('kBufferCb');
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}
