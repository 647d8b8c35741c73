/**
 * The options of `tls.connect` by name: those that are refused, and those of the TCP connection below TLS. All others
 * are given to Node.js as they are.
 */
import type { TcpSocketConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { describe } from '../options/options.ts';

const OWN_SOCKET = 'connect opens and reads its socket by itself';
const OF_SERVERS = 'it is an option of servers';
const IGNORED = 'tls.connect does not look at it';

/** The options that are refused, each with the reason or with what to use. */
const REFUSED: Readonly<Record<string, string>> = {
  host: 'the URL says where to connect; tls.servername says for which name the certificate must be',
  port: 'the URL says where to connect',
  path: 'the URL says where to connect, by host and port',
  socket: `${OWN_SOCKET}; over a stream of your own, use Session of wirespeed/protocol`,
  fd: `${OWN_SOCKET}; over a stream of your own, use Session of wirespeed/protocol`,
  onread: OWN_SOCKET,
  allowHalfOpen: OWN_SOCKET,
  readable: OWN_SOCKET,
  writable: OWN_SOCKET,
  highWaterMark: "use connect's options sendHighWaterMark and receiveQueue",
  noDelay: "use connect's option noDelay",
  signal: "use connect's option signal",
  timeout: "use connect's options connectTimeout, receiveTimeout and pingTimeout",
  blockList: `${IGNORED}; refuse addresses in tls.lookup`,
  typeOfService: IGNORED,
  requestCert: OF_SERVERS,
  SNICallback: OF_SERVERS,
  ALPNCallback: OF_SERVERS,
  pskIdentityHint: OF_SERVERS,
  handshakeTimeout: `${OF_SERVERS}; use connect's option connectTimeout`,
};

/** Options of the TCP connection below TLS that can be given to another thread. */
const DIALING = [
  'localAddress',
  'localPort',
  'family',
  'hints',
  'keepAlive',
  'keepAliveInitialDelay',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
] as const;

/** Options of the TCP connection below TLS. */
export type DialingOptions = Pick<TcpSocketConnectOpts, (typeof DIALING)[number]>;

/**
 * Checks that the caller's options have none that would be ignored or could not work.
 *
 * @throws TypeError naming the option, and what to use instead
 */
export function checkTlsOptions(options: ConnectionOptions | undefined): void {
  for (const [name, value] of Object.entries(options ?? {})) {
    const reason = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (reason === undefined || value === undefined) continue;
    throw new TypeError(`connect: option 'tls.${name}' cannot be used: ${reason}`);
  }
  const check: unknown = options?.checkServerIdentity;
  if (check === undefined || typeof check === 'function') return;
  throw new TypeError(
    `connect: option 'tls.checkServerIdentity' must be a function, not ${describe(check)}`,
  );
}

/**
 * Refuses the option `lookup` for blocking calls: another thread looks their names up.
 *
 * @throws TypeError saying what to use instead
 */
export function refuseLookup(options: ConnectionOptions | undefined): void {
  if (options?.lookup === undefined) return;
  throw new TypeError(
    "connect: option 'tls.lookup' cannot be used by the sync client, which looks names up in another thread: give the address in the URL, and the name in tls.servername",
  );
}

/** Returns the options of the TCP connection that are given. */
export function dialingOptions(options: ConnectionOptions | undefined): DialingOptions {
  const given = Object.entries(options ?? {});
  return Object.fromEntries(
    given.filter(([name, value]) => value !== undefined && isDialing(name)),
  );
}

function isDialing(name: string): boolean {
  return (DIALING as readonly string[]).includes(name);
}
