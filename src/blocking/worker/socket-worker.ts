/**
 * The worker thread that owns every socket of the sync client. It resolves names, connects and hands the
 * file descriptor over, and never reads from it. Where the calling thread cannot use a descriptor, the
 * worker keeps the socket and relays its bytes.
 *
 * The build embeds it in the package as text (scripts/build.mjs), from which the worker is started.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type MessagePort, workerData } from 'node:worker_threads';
import { trustByDefault } from '../../dial/tls-conditions.ts';
import { nodeTls } from '../../transport/node-tls.ts';
import { isCloneable } from './cloneable.ts';
import type { ErrorFacts, WorkerReply, WorkerRequest } from './messages.ts';
import { SharedRings } from './shared-ring.ts';
import { handleOf } from './socket-handle.ts';
import { SocketRelay } from './socket-relay.ts';

type Request<Kind extends WorkerRequest['kind']> = Extract<WorkerRequest, { kind: Kind }>;

const { port, signal } = workerData as { port: MessagePort; signal: Int32Array };
const sockets = new Map<number, Socket>();
const relays = new Map<number, SocketRelay>();
/** The connections that have rings. */
const sharing = new Set<number>();

function reply(message: WorkerReply): void {
  port.postMessage(message);
  announce();
}

function announce(): void {
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

port.on('message', (request: WorkerRequest) => {
  switch (request.kind) {
    case 'connect':
      return open(request);
    case 'close':
      return close(request);
    case 'block':
      return block(request);
    case 'relay':
      return relay(request);
    case 'wake':
      return relays.get(request.id)?.wake();
    case 'ping':
      return announce();
  }
});

// This thread must survive every error: its end would close the descriptors of all connections.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

// The first announcement says that the thread is ready.
announce();

function open(request: Request<'connect'>): void {
  const { id, host, port: toPort, noDelay, dialing } = request;
  let socket: Socket;
  try {
    socket = connect({ ...dialing, host, port: toPort, noDelay, allowHalfOpen: true });
  } catch (error) {
    fail(id, error as Error, true);
    return;
  }
  // Paused at once: a pause when it is connected would come after Node.js has begun to read.
  socket.pause();
  sockets.set(id, socket);
  let isConnected = false;
  if (isIP(host) === 0) {
    socket.once('lookup', (error: Error | null) => {
      if (!error) reply({ id, kind: 'resolved' });
    });
  }
  socket.once('connect', () => {
    isConnected = true;
    const handle = handleOf(socket);
    reply({
      id,
      kind: 'connected',
      fd: handle?.fd ?? -1,
      canBlock: typeof handle?.setBlocking === 'function',
      local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
      remote: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    });
  });
  socket.on('error', (error) => {
    if (isConnected) return;
    sockets.delete(id);
    fail(id, error);
  });
}

function fail(id: number, error: Error, isRefusal = false): void {
  const { errors = [] } = error as { errors?: Error[] };
  reply({ id, kind: 'failed', error: takeApart(error), errors: errors.map(takeApart), isRefusal });
}

/** Takes an error apart. A structured clone of it would lose its properties, which explain it. */
function takeApart(error: Error): ErrorFacts {
  const properties: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error)) {
    // Somebody may have given the error a property that cannot be sent, such as a socket.
    if (name !== 'errors' && isCloneable(value)) properties[name] = value;
  }
  return { message: error.message, name: error.name, properties };
}

function block({ id, isBlocking }: Request<'block'>): void {
  const socket = sockets.get(id);
  if (socket !== undefined) handleOf(socket)?.setBlocking?.(isBlocking);
  reply({ id, kind: 'done' });
}

function relay(request: Request<'relay'>): void {
  const { id, memory, tls } = request;
  sharing.add(id);
  const tcp = sockets.get(id);
  if (tcp === undefined) return;
  const rings = new SharedRings(memory);
  if (tls === undefined) {
    beginRelay(id, tcp, rings);
    reply({ id, kind: 'relayed', certificate: undefined });
    return;
  }
  try {
    secure(request, tcp, rings);
  } catch (error) {
    fail(id, error as Error, true);
  }
}

function beginRelay(id: number, socket: Socket, rings: SharedRings): void {
  const onLost = (error: Error) => reply({ id, kind: 'lost', error: takeApart(error) });
  relays.set(id, new SocketRelay(socket, rings, onLost));
}

function secure(request: Request<'relay'>, tcp: Socket, rings: SharedRings): void {
  const { id, tls, authorities } = request;
  if (authorities !== undefined) trustByDefault(authorities);
  const session = tls?.session;
  const socket: TLSSocket = nodeTls().connect({
    ...tls,
    // Sent to this thread, the Buffer became a plain Uint8Array, which Node.js 22 and later do not resume.
    ...(session === undefined ? {} : { session: Buffer.from(session) }),
    // The calling thread checks the identity, since only it has the caller's function for that.
    checkServerIdentity: () => undefined,
    socket: tcp,
  });
  sockets.set(id, socket);
  const onError = (error: Error): void => fail(id, error);
  socket.once('error', onError);
  socket.on('session', (session) => {
    if (socket.authorized) reply({ id, kind: 'session', session });
  });
  socket.once('secureConnect', () => {
    socket.off('error', onError);
    beginRelay(id, socket, rings);
    const certificate = socket.isSessionReused() ? undefined : socket.getPeerCertificate(true);
    reply({ id, kind: 'relayed', certificate });
  });
}

function close({ id, linger }: Request<'close'>): void {
  const socket = sockets.get(id);
  const relayed = relays.get(id);
  sockets.delete(id);
  relays.delete(id);
  if (sharing.delete(id)) freeLater(id, socket);
  if (socket === undefined) return;
  if (linger === 0) {
    socket.destroy();
    return;
  }
  // If a socket is closed with bytes unread, the system resets the connection, and what was sent last is lost.
  const timer = setTimeout(() => socket.destroy(), linger);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  if (relayed === undefined) {
    // The calling thread may have left the descriptor in the mode in which a read blocks this thread.
    handleOf(socket)?.setBlocking?.(false);
    socket.end();
    socket.resume();
  } else {
    relayed.release(() => socket.end());
  }
}

/** Reports that the rings of a connection are free: once its socket has closed, and all its callbacks have run. */
function freeLater(id: number, socket: Socket | undefined): void {
  const free = (): void => void setImmediate(() => reply({ id, kind: 'freed' }));
  if (socket === undefined || socket.closed) free();
  else socket.once('close', free);
}
