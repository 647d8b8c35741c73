/**
 * The worker thread that owns every socket of the sync face: it resolves names, connects and hands
 * the file descriptor over, and never reads from it.
 */
import { connect, type Socket } from 'node:net';
import { type MessagePort, workerData } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest } from './worker-messages.ts';

const { port, signal } = workerData as { port: MessagePort; signal: Int32Array };
const sockets = new Map<number, Socket>();

function reply(message: WorkerReply): void {
  port.postMessage(message);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

port.on('message', (request: WorkerRequest) => {
  if (request.kind === 'connect') open(request);
  else if (request.kind === 'close') close(request);
  else readBlob(request);
});

// This thread must outlive every mistake: its end would close the descriptors of all connections.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

function open({
  id,
  host,
  port: toPort,
  noDelay,
}: Extract<WorkerRequest, { kind: 'connect' }>): void {
  const socket = connect({ host, port: toPort, noDelay });
  // At once, not when it is connected: Node would start reading in between.
  socket.pause();
  sockets.set(id, socket);
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
    const { fd } = (socket as unknown as { _handle: { fd?: number } })._handle;
    reply({
      id,
      kind: 'connected',
      fd: fd ?? -1,
      local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
      remote: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    });
  });
  socket.on('error', (error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) => {
    if (isConnected) return;
    sockets.delete(id);
    reply({
      id,
      kind: 'failed',
      error: describe(error),
      errors: (error.errors ?? []).map(describe),
    });
  });
}

/** A structured clone of an error keeps little more than its message; this keeps what explains it. */
function describe(error: NodeJS.ErrnoException & { address?: string; port?: number }) {
  const { message, code, errno, syscall, address, port: toPort } = error;
  return { message, code, errno, syscall, address, port: toPort };
}

function close({ id, linger }: Extract<WorkerRequest, { kind: 'close' }>): void {
  const socket = sockets.get(id);
  sockets.delete(id);
  if (socket === undefined || linger === 0) {
    socket?.destroy();
    return;
  }
  // A socket closed with bytes unread would be reset, and what was sent last be lost.
  const timer = setTimeout(() => socket.destroy(), linger);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}

function readBlob({ id, blob }: Extract<WorkerRequest, { kind: 'blob' }>): void {
  blob.arrayBuffer().then(
    (bytes) => reply({ id, kind: 'bytes', bytes }),
    (error: Error) => reply({ id, kind: 'failed', error: describe(error), errors: [] }),
  );
}
