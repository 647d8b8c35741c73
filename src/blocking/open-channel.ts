/**
 * Chooses how the bytes of a connection are read and written: the first of these ways that works here.
 *
 * - `wasi`: `node:wasi` reads, writes and polls the socket's descriptor
 * - `fs-blocking`: `node:fs` does, with short sleeps between two looks; without a deadline its reads block
 * - `fs`: the same, but no read blocks
 * - `worker`: the worker keeps the socket and does TLS, and bytes cross through shared memory
 *
 * With the first three TLS is done on the calling thread, or in the worker where Node.js lacks a private
 * name that this takes. The environment variable `WIRESPEED_SYNC_IO` forces one way, for tests: no other
 * is tried then.
 */
import type { Socket } from 'node:net';
import type {
  ConnectionOptions,
  DetailedPeerCertificate,
  PeerCertificate,
  SecureVersion,
} from 'node:tls';
import { identityFault } from '../dial/secure-options.ts';
import { isVerified } from '../dial/tls-conditions.ts';
import { findSession, keepSession, sessionConditions } from '../dial/tls-sessions.ts';
import { nodeTls } from '../transport/node-tls.ts';
import { FsCalls } from './calls/fs.ts';
import type { SystemCalls } from './calls/system-calls.ts';
import { WasiCalls } from './calls/wasi.ts';
import type { Channel, ChannelListener } from './channels/channel.ts';
import { PlainChannel } from './channels/plain.ts';
import { RelayChannel } from './channels/relay.ts';
import { MissingTlsNames, TlsChannel } from './channels/tls.ts';
import { unlendable, unsupported } from './unsupported.ts';
import { isCloneable } from './worker/cloneable.ts';
import { type ConnectedSocket, RefusedOptions } from './worker/socket-broker.ts';
import { handleOf } from './worker/socket-handle.ts';

/** The ways of blocking I/O, the fastest first. */
const WAYS = ['wasi', 'fs-blocking', 'fs', 'worker'] as const;
type Way = (typeof WAYS)[number];

/** The ways that turned out not to work in this thread, and why. */
const failed = new Map<Way, unknown>();

/**
 * Opens the channel of a connected socket, over TLS if `secure` has options for it; returns `undefined`
 * if the deadline passes before.
 *
 * @throws RefusedOptions for options that `tls.connect` refuses
 * @throws the error of TLS
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` if the forced way does not work here
 */
export function openChannel(
  socket: ConnectedSocket,
  secure: ConnectionOptions | undefined,
  listener: ChannelListener,
  deadline: number,
): Channel | undefined {
  const forced = forcedWay();
  const { fd, id, canBlock, broker } = socket;
  const setBlocking = (isBlocking: boolean): void => broker.setBlocking(id, isBlocking);
  const calls = openCalls({ fd, setBlocking: canBlock ? setBlocking : undefined }, forced);
  if (calls === undefined) return openRelay(socket, secure, listener, deadline);
  if (secure === undefined) return new PlainChannel(calls, listener);
  const channel = openTls(calls, secure, listener);
  if (channel === undefined) return openRelay(socket, secure, listener, deadline);
  return channel.handshake(deadline) ? channel : undefined;
}

/**
 * Returns calls on the descriptor of a socket that the event loop of this thread reads.
 *
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` over TLS, and where no call can be made on a descriptor
 */
export function openDescriptor(socket: Socket): SystemCalls {
  if ('encrypted' in socket) throw unlendable('its TLS belongs to the event loop');
  const handle = handleOf(socket);
  const { fd = -1 } = handle ?? {};
  if (fd < 0) throw unlendable('its socket has no file descriptor');
  const canBlock = typeof handle?.setBlocking === 'function';
  const setBlocking = (isBlocking: boolean): void => void handle?.setBlocking?.(isBlocking);
  const descriptor = { fd, setBlocking: canBlock ? setBlocking : undefined };
  const calls = openCalls(descriptor, forcedWay());
  if (calls === undefined) throw unlendable('no way to read its file descriptor works');
  return calls;
}

function forcedWay(): Way | undefined {
  const name = process.env.WIRESPEED_SYNC_IO;
  if (name === undefined || name === '') return undefined;
  const way = WAYS.find((each) => each === name);
  if (way !== undefined) return way;
  throw unsupported(`WIRESPEED_SYNC_IO must be one of ${WAYS.join(', ')}, not '${name}'`);
}

/** What calls on a socket need of it. */
interface Descriptor {
  /** Below 0 where the socket has none. */
  readonly fd: number;
  /** Sets whether calls on the descriptor block; missing where that cannot be changed. */
  readonly setBlocking: ((isBlocking: boolean) => void) | undefined;
}

/** Returns calls on the socket's descriptor; `undefined` if only the worker can read the socket. */
function openCalls(socket: Descriptor, forced: Way | undefined): SystemCalls | undefined {
  if (forced === 'worker') return undefined;
  // No way has failed by that: another socket may have a descriptor.
  if (forced === undefined && socket.fd < 0) return undefined;
  for (const way of forced === undefined ? WAYS : [forced]) {
    if (way === 'worker') break;
    if (forced === undefined && failed.has(way)) continue;
    try {
      return makeCalls(way, socket);
    } catch (error) {
      failed.set(way, error);
    }
  }
  if (forced === undefined) return undefined;
  const cause = failed.get(forced) as Error;
  throw unsupported(
    `WIRESPEED_SYNC_IO forces '${forced}', which does not work: ${cause.message}`,
    cause,
  );
}

/** @throws if the way does not work here */
function makeCalls(way: Exclude<Way, 'worker'>, socket: Descriptor): SystemCalls {
  const { fd, setBlocking } = socket;
  if (fd < 0) throw new Error('sockets have no file descriptor on this platform');
  if (way === 'wasi') return new WasiCalls(fd);
  if (way === 'fs') return new FsCalls(fd);
  if (setBlocking === undefined) {
    throw new Error('sockets have no method setBlocking in this version of Node.js');
  }
  return new FsCalls(fd, setBlocking);
}

/** Makes a channel of TLS on this thread; `undefined` if Node.js lacks a private name that it takes. */
function openTls(
  calls: SystemCalls,
  secure: ConnectionOptions,
  listener: ChannelListener,
): TlsChannel | undefined {
  const below = (cipher: ChannelListener): Channel => new PlainChannel(calls, cipher);
  const conditions = sessionConditions(secure);
  try {
    return new TlsChannel(below, withSession(secure, conditions), listener, (session) =>
      keepSession(conditions, session),
    );
  } catch (error) {
    if (error instanceof MissingTlsNames) return undefined;
    throw new RefusedOptions((error as Error).message, { cause: error });
  }
}

function withSession(
  options: ConnectionOptions,
  conditions: string | undefined,
): ConnectionOptions {
  const session = findSession(conditions);
  return session === undefined ? options : { ...options, session };
}

function openRelay(
  { id, broker }: ConnectedSocket,
  secure: ConnectionOptions | undefined,
  listener: ChannelListener,
  deadline: number,
): Channel | undefined {
  const rings = broker.takeRings();
  const conditions = secure && sessionConditions(secure);
  const tls = secure && withoutFunctions(withSession(withDefaults(secure), conditions));
  let isIdentified = false;
  const relayed = broker.relay(id, rings, { tls }, deadline, (session) => {
    if (isIdentified) keepSession(conditions, session);
  });
  if (relayed === undefined) return undefined;
  if (secure !== undefined && relayed.certificate !== undefined) {
    checkIdentity(relayed.certificate, secure);
  }
  isIdentified = true;
  return new RelayChannel(rings, broker.relayWorker(id), listener);
}

/** Fills in the defaults of this thread, since the worker has its own. */
function withDefaults(options: ConnectionOptions): ConnectionOptions {
  const tls = nodeTls();
  const { ciphers, ecdhCurve, minVersion, maxVersion, secureProtocol } = options;
  return {
    ...options,
    rejectUnauthorized: isVerified(options),
    ciphers: ciphers || tls.DEFAULT_CIPHERS,
    ecdhCurve: ecdhCurve === undefined ? tls.DEFAULT_ECDH_CURVE : ecdhCurve,
    ...(secureProtocol
      ? {}
      : {
          minVersion: minVersion ?? (tls.DEFAULT_MIN_VERSION as SecureVersion),
          maxVersion: maxVersion ?? (tls.DEFAULT_MAX_VERSION as SecureVersion),
        }),
  };
}

/** Leaves out `checkServerIdentity`, which this thread calls itself. */
function withoutFunctions(options: ConnectionOptions): ConnectionOptions {
  const { checkServerIdentity: _, ...rest } = options;
  for (const [name, value] of Object.entries(rest)) {
    if (!isCloneable(value)) {
      throw unsupported(
        `TLS is done in another thread here, and the option tls.${name} cannot be given to it`,
      );
    }
  }
  return rest;
}

/** Checks whom the certificate is for. As in Node.js, the verdict counts only where the server is verified. */
function checkIdentity(certificate: PeerCertificate, options: ConnectionOptions): void {
  const { servername, host = 'localhost' } = options;
  restoreBuffers(certificate);
  const fault = identityFault(options, servername ?? host, certificate);
  if (fault !== undefined && isVerified(options)) throw fault;
}

/** Makes the Buffers of a certificate again: another thread sent them, and they became plain Uint8Arrays. */
function restoreBuffers(certificate: PeerCertificate): void {
  const seen = new Set<object>();
  let each: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (each !== undefined && !seen.has(each)) {
    seen.add(each);
    if (each.raw !== undefined) each.raw = Buffer.from(each.raw);
    if (each.pubkey !== undefined) each.pubkey = Buffer.from(each.pubkey);
    each = each.issuerCertificate;
  }
}
