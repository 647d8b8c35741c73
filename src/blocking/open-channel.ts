/**
 * Chooses how a connection's bytes are read and written: the first rung that works here.
 *
 * - `wasi`: system calls through `node:wasi` on the socket's descriptor, without blocking, and polling
 * - `fs-blocking`: calls of `node:fs`, with short sleeps; where no deadline is set, calls that block
 * - `fs`: the same without calls that block, where nobody can change the descriptor's mode
 * - `worker`: the socket stays with its worker, TLS included, and bytes cross through shared memory
 *
 * TLS over the first three is done on the calling thread, where Node.js has what that takes, and in
 * the worker otherwise. `WIRESPEED_SYNC_RUNG` in the environment asks for one rung by name, for
 * tests: then there is no other.
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
import type { Channel, ChannelReader } from './channels/channel.ts';
import { PlainChannel } from './channels/plain.ts';
import { RelayChannel } from './channels/relay.ts';
import { MissingTlsNames, TlsChannel } from './channels/tls.ts';
import { unlendable, unsupported } from './unsupported.ts';
import { isCloneable } from './worker/cloneable.ts';
import { type ConnectedSocket, RefusedOptions } from './worker/socket-broker.ts';
import { handleOf } from './worker/socket-handle.ts';

const RUNGS = ['wasi', 'fs-blocking', 'fs', 'worker'] as const;
type Rung = (typeof RUNGS)[number];

/** Rungs that turned out not to work in this thread, and why. */
const broken = new Map<Rung, unknown>();

/**
 * Opens the channel of a connected socket, over TLS if there are options for it; `undefined` if
 * the deadline passed before.
 *
 * @throws RefusedOptions for options that `tls.connect` refuses
 * @throws the error of TLS
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` if the rung asked for does not work here
 */
export function openChannel(
  socket: ConnectedSocket,
  secure: ConnectionOptions | undefined,
  reader: ChannelReader,
  deadline: number,
): Channel | undefined {
  const forced = forcedRung();
  const { fd, id, canBlock, broker } = socket;
  const setBlocking = (isBlocking: boolean): void => broker.setBlocking(id, isBlocking);
  const calls = openCalls({ fd, setBlocking: canBlock ? setBlocking : undefined }, forced);
  if (calls === undefined) return openRelay(socket, secure, reader, deadline);
  if (secure === undefined) return new PlainChannel(calls, reader);
  const channel = openTls(calls, secure, reader);
  if (channel === undefined) return openRelay(socket, secure, reader, deadline);
  return channel.handshake(deadline) ? channel : undefined;
}

/**
 * Returns calls on the descriptor of a socket that this thread's event loop has.
 *
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` over TLS, and where the socket has no descriptor that
 * could be called
 */
export function openDescriptor(socket: Socket): SystemCalls {
  if ('encrypted' in socket) throw unlendable('its TLS belongs to the event loop');
  const handle = handleOf(socket);
  const { fd = -1 } = handle ?? {};
  if (fd < 0) throw unlendable('its socket has no file descriptor');
  const canBlock = typeof handle?.setBlocking === 'function';
  const setBlocking = (isBlocking: boolean): void => void handle?.setBlocking?.(isBlocking);
  const descriptor = { fd, setBlocking: canBlock ? setBlocking : undefined };
  const calls = openCalls(descriptor, forcedRung());
  if (calls === undefined) throw unlendable('there is no way to call its file descriptor');
  return calls;
}

function forcedRung(): Rung | undefined {
  const name = process.env.WIRESPEED_SYNC_RUNG;
  if (name === undefined || name === '') return undefined;
  const rung = RUNGS.find((each) => each === name);
  if (rung !== undefined) return rung;
  throw unsupported(`WIRESPEED_SYNC_RUNG must be one of ${RUNGS.join(', ')}, not '${name}'`);
}

/** A socket as far as its calls need to know it. */
interface Descriptor {
  readonly fd: number;
  /** Changes the descriptor's mode, if somebody can. */
  readonly setBlocking: ((isBlocking: boolean) => void) | undefined;
}

/** Returns calls on the socket's descriptor; nothing if there is no way to make any. */
function openCalls(socket: Descriptor, forced: Rung | undefined): SystemCalls | undefined {
  if (forced === 'worker') return undefined;
  // That is no fault of the rungs: another socket may have one.
  if (forced === undefined && socket.fd < 0) return undefined;
  for (const rung of forced === undefined ? RUNGS : [forced]) {
    if (rung === 'worker') break;
    if (forced === undefined && broken.has(rung)) continue;
    try {
      return makeCalls(rung, socket);
    } catch (error) {
      broken.set(rung, error);
    }
  }
  if (forced === undefined) return undefined;
  const cause = broken.get(forced) as Error;
  throw unsupported(`the rung '${forced}' does not work here: ${cause.message}`, cause);
}

/** @throws if the rung does not work here */
function makeCalls(rung: Exclude<Rung, 'worker'>, socket: Descriptor): SystemCalls {
  const { fd, setBlocking } = socket;
  if (fd < 0) throw new Error('sockets have no file descriptor on this platform');
  if (rung === 'wasi') return new WasiCalls(fd);
  if (rung === 'fs') return new FsCalls(fd);
  if (setBlocking === undefined) {
    throw new Error('sockets have no method setBlocking in this version of Node.js');
  }
  return new FsCalls(fd, setBlocking);
}

/** Opens TLS on this thread; `undefined` if this version of Node.js has not got what it takes. */
function openTls(
  calls: SystemCalls,
  secure: ConnectionOptions,
  reader: ChannelReader,
): TlsChannel | undefined {
  const below = (cipher: ChannelReader): Channel => new PlainChannel(calls, cipher);
  const conditions = sessionConditions(secure);
  try {
    return new TlsChannel(below, withSession(secure, conditions), reader, (session) =>
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
  reader: ChannelReader,
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
  return new RelayChannel(rings, broker.relayWorker(id), reader);
}

/** Fills in what this thread does by default: the worker has defaults of its own. */
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

/** Leaves out the function that this thread calls itself. */
function withoutFunctions(options: ConnectionOptions): ConnectionOptions {
  const { checkServerIdentity: _, ...rest } = options;
  for (const [name, value] of Object.entries(rest)) {
    if (!isCloneable(value)) {
      throw unsupported(
        `TLS is done in another thread here, to which the option tls.${name} cannot be given`,
      );
    }
  }
  return rest;
}

/** Checks whom the certificate is for, as Node.js would: it ignores the verdict where it verifies nothing. */
function checkIdentity(certificate: PeerCertificate, options: ConnectionOptions): void {
  const { servername, host = 'localhost' } = options;
  restoreBuffers(certificate);
  const fault = identityFault(options, servername ?? host, certificate);
  if (fault !== undefined && isVerified(options)) throw fault;
}

/** On its way from another thread a Buffer became other bytes. */
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
