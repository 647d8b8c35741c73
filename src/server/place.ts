/**
 * The place where a server listens: a port, a unix socket, or a descriptor that listens already.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions, type Server } from 'node:net';
import type { ResolvedListenOptions } from '../options/options.ts';
import { nodeProcess } from '../transport/node-globals.ts';

/** The first descriptor that systemd passes on (sd_listen_fds(3)). */
const FIRST_PASSED_ON = 3;

/** Where a server has begun to listen. */
export interface ListeningAt {
  readonly port: number;
  readonly host: string;
  readonly url: string;
}

/**
 * Begins to listen where the options say.
 *
 * @throws the system's error if it cannot listen there, such as `EADDRINUSE`
 * @throws TypeError for a place that this process or this version of Node.js does not have
 */
export async function listenAt(
  server: Server,
  options: ResolvedListenOptions,
): Promise<ListeningAt> {
  const { socketPath, socketMode, host } = options;
  if (socketPath !== undefined) await removeStale(socketPath);
  await listen(server, placeOf(options));
  if (socketPath !== undefined && socketMode !== undefined) {
    try {
      chmodSync(socketPath, socketMode);
    } catch (error) {
      server.close();
      throw error;
    }
  }
  const address = server.address();
  const isSecure = options.tls !== undefined;
  if (address === null || typeof address === 'string') {
    const path = address ?? socketPath ?? '';
    return { port: 0, host: path, url: `${isSecure ? 'wss' : 'ws'}+unix:${path}:/` };
  }
  const { port } = address;
  const known = options.fd === undefined ? host : address.address;
  return { port, host: host ?? address.address, url: urlOf(known, port, isSecure) };
}

function placeOf({
  port = 0,
  host,
  backlog,
  socketPath,
  fd,
  reusePort,
}: ResolvedListenOptions): ListenOptions {
  if (socketPath !== undefined) return { path: socketPath, backlog };
  // The types of Node.js 20 lack `fd` here, and `reusePort`, which came later.
  if (fd !== undefined) return { fd: fd === 'systemd' ? passedOn() : fd } as ListenOptions;
  if (!reusePort) return { port, host, backlog };
  if (!hasReusePort()) {
    throw new TypeError(
      `serve: option 'reusePort' needs Node.js 22.12 or 23.1, not ${nodeProcess.versions.node}; node:cluster spreads connections everywhere`,
    );
  }
  return { port, host, backlog, reusePort: true } as ListenOptions;
}

function listen(server: Server, place: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function hasReusePort(): boolean {
  const [major = 0, minor = 0] = nodeProcess.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Returns the descriptor of systemd's socket activation. */
function passedOn(): number {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = nodeProcess.env;
  if (Number(count) >= 1 && Number(pid) === nodeProcess.pid) return FIRST_PASSED_ON;
  throw new TypeError(
    count === undefined
      ? "serve: option 'fd' is 'systemd', but no descriptor was passed on: LISTEN_FDS is not set"
      : `serve: option 'fd' is 'systemd', but what was passed on is for process ${pid}, not for this one (${nodeProcess.pid})`,
  );
}

/** Removes the file of a unix socket on which nobody listens any more. */
async function removeStale(path: string): Promise<void> {
  // An abstract socket has no file.
  if (path.startsWith('\0') || !isSocketFile(path) || (await isListening(path))) return;
  unlinkSync(path);
}

function isSocketFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** Tells whether somebody listens on a unix socket. Only a refused connection says that nobody does. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

/** Makes a URL for connecting from this machine to a server that listens on the host, or on every address. */
export function urlOf(host: string | undefined, port: number, isSecure: boolean): string {
  return `${isSecure ? 'wss' : 'ws'}://${reachable(host)}:${port}/`;
}

function reachable(host = '::'): string {
  // A name, since certificates are rarely for addresses.
  if (host === '::') return 'localhost';
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
