/**
 * Words the errors of `connect`: why no connection came about, and what to do.
 */
import { isNativeError } from 'node:util/types';
import {
  ConnectError,
  type ConnectPhase,
  HandshakeError,
  HandshakeStatusError,
  TimeoutError,
  TransportError,
} from '../errors.ts';
import { withoutSecrets } from '../inspection.ts';
import { type Target, withoutCredentials } from './target.ts';
import { isTlsFailure, type SystemError, tlsFailure } from './tls-failure.ts';

/** An attempt to connect that has failed. */
export interface FailedAttempt {
  readonly target: Target;
  /** The phase in which the attempt failed. */
  readonly phase: ConnectPhase;
  /** Whether the server has sent anything; over TLS, anything encrypted. */
  readonly hasAnswered: boolean;
}

/** The answers of nginx, Apache, Go and Tomcat to a plain request on a port for TLS. */
const PLAIN_ON_TLS_PORT =
  /plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled server|HTTP request to an HTTPS server|requires TLS/i;
const IS_IT_WSS = '; is it a wss: URL?';
/** The most characters of a redirect's target that an error shows. */
const MAX_QUOTED = 300;

/**
 * Makes the error for an attempt to connect that failed.
 *
 * @param error the error of the session or of the socket, if there is one
 */
export function explainConnectFailure(error: unknown, attempt: FailedAttempt): unknown {
  const { phase, target } = attempt;
  if (error instanceof TimeoutError) {
    const { operation, timeout } = error;
    const message = `${cannotConnect(target)}: no connection within ${timeout} ms (phase reached: ${phase})`;
    return new TimeoutError(operation, timeout, message);
  }
  return connectError(error ?? new Error('the socket was closed'), attempt);
}

function cannotConnect({ url }: Target): string {
  return `cannot connect to ${withoutSecrets(url)}`;
}

function connectError(error: unknown, attempt: FailedAttempt): unknown {
  const { phase, target } = attempt;
  if (error instanceof HandshakeError) return withPlace(error, attempt);
  if (!isNativeError(error)) return error;
  const cause = (error instanceof TransportError ? error.cause : error) as SystemError;
  const url = withoutSecrets(target.url);
  const where = { url, address: addressTried(cause, target), cause };
  if (cause.syscall === 'getaddrinfo') {
    return new ConnectError(
      `${cannotConnect(target)}: the host name '${target.hostname}' does not resolve (${cause.code})`,
      { ...where, address: target.hostname, phase: 'dns' },
    );
  }
  const what = isTlsFailure(cause, phase)
    ? tlsFailure(cause, target)
    : tcpFailure(cause, where.address) + (phase === 'upgrade' ? hintOfScheme(attempt) : '');
  return new ConnectError(`${cannotConnect(target)}: ${what}`, { ...where, phase });
}

/** Adds the URL and the address to an error of the handshake. The core does not know them. */
function withPlace(error: HandshakeError, attempt: FailedAttempt): HandshakeError {
  const { target } = attempt;
  const address = `${target.hostname}:${target.port}`;
  const hint =
    error instanceof HandshakeStatusError ? hintOfStatus(error, target) : hintOfScheme(attempt);
  error.message = `${cannotConnect(target)}: ${error.message}${hint}`;
  return Object.assign(error, { url: withoutSecrets(target.url), address });
}

function hintOfStatus({ status, headers, body }: HandshakeStatusError, target: Target): string {
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== undefined) {
    return `; it redirects to ${redirectTarget(location, target)}, where you may connect if you trust it`;
  }
  const wantsTls =
    !target.isSecure && status === 400 && PLAIN_ON_TLS_PORT.test(Buffer.from(body).toString());
  return wantsTls ? IS_IT_WSS : '';
}

/** Many servers send nothing back to a plain request on a port for TLS. */
function hintOfScheme({ target, hasAnswered }: FailedAttempt): string {
  return target.isSecure || hasAnswered ? '' : IS_IT_WSS;
}

function redirectTarget(location: string, target: Target): string {
  const absolute = URL.canParse(location, target.url)
    ? new URL(location, target.url).href
    : location;
  return withoutSecrets(withoutCredentials(absolute)).slice(0, MAX_QUOTED);
}

function addressTried(error: SystemError, target: Target): string {
  const tried = (error.errors ?? [error]).filter(({ address }) => address !== undefined);
  if (tried.length === 0) return `${target.hostname}:${target.port}`;
  return tried.map(({ address, port }) => `${address}:${port}`).join(', ');
}

function tcpFailure(error: SystemError, address: string): string {
  const code = error.code ?? error.errors?.[0]?.code;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing is listening on ${address} (ECONNREFUSED)`;
    case 'ECONNRESET':
      return `${address} reset the connection (ECONNRESET)`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${address} cannot be reached (${code})`;
    default:
      return `${error.message || code || 'unknown error'} (${address})`;
  }
}
