/**
 * The options of `tls.connect` by name: which of them have no meaning here and are refused, which concern the TCP
 * connection below TLS. All others are given to Node.js as they are.
 */
import type { TcpSocketConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { describe } from '../options/options.ts';

const ITS_OWN = 'connect opens and reads its socket by itself';
const SERVERS = 'it is an option of servers';
const IGNORED = 'tls.connect does not look at it';

/** What is refused, and why, or what to use. */
const REFUSED: Readonly<Record<string, string>> = {
  host: 'the URL says where to connect; tls.servername says for which name the certificate must be',
  port: 'the URL says where to connect',
  path: 'the URL says where to connect, by host and port',
  socket: `${ITS_OWN}; over a stream of your own, use Session of wirespeed/protocol`,
  fd: `${ITS_OWN}; over a stream of your own, use Session of wirespeed/protocol`,
  onread: ITS_OWN,
  allowHalfOpen: ITS_OWN,
  readable: ITS_OWN,
  writable: ITS_OWN,
  highWaterMark: "use connect's options sendHighWaterMark and receiveQueue",
  noDelay: "use connect's option noDelay",
  signal: "use connect's option signal",
  timeout: "use connect's options connectTimeout, receiveTimeout and pingTimeout",
  blockList: `${IGNORED}; refuse addresses in tls.lookup`,
  typeOfService: IGNORED,
  requestCert: SERVERS,
  SNICallback: SERVERS,
  ALPNCallback: SERVERS,
  pskIdentityHint: SERVERS,
  handshakeTimeout: `${SERVERS}; use connect's option connectTimeout`,
};

/** What concerns the TCP connection below, and can be given to another thread. */
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
 * Checks that no option is among the caller's that would be ignored, or that could not work.
 *
 * @throws TypeError naming the option, and what to use in its place
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
 * Refuses what looks names up: blocking calls have that done in another thread.
 *
 * @throws TypeError saying what to use
 */
export function refuseLookup(options: ConnectionOptions | undefined): void {
  if (options?.lookup === undefined) return;
  throw new TypeError(
    "connect: option 'tls.lookup' cannot be used by blocking calls, whose names are looked up in another thread: give the address in the URL, and the name in tls.servername",
  );
}

/** Returns the options that concern the TCP connection; the others do not need them. */
export function dialingOptions(options: ConnectionOptions | undefined): DialingOptions {
  const given = Object.entries(options ?? {});
  return Object.fromEntries(
    given.filter(([name, value]) => value !== undefined && isDialing(name)),
  );
}

function isDialing(name: string): boolean {
  return (DIALING as readonly string[]).includes(name);
}
