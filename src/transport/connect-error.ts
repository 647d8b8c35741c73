/**
 * Says in words why no connection came about, and what to do.
 */
import {
  ConnectError,
  type ConnectPhase,
  HandshakeError,
  TimeoutError,
  TransportError,
} from '../errors.ts';
import type { Target } from './target.ts';

/** A system error, as `net` and `tls` raise it. */
interface SystemError extends Error {
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  errors?: SystemError[];
}

/**
 * Makes the error for an attempt to connect that failed.
 *
 * @param error why the session or the socket ended, if it said why
 * @param phase the phase under way when it failed
 */
export function explainConnectFailure(
  error: unknown,
  phase: ConnectPhase,
  target: Target,
): unknown {
  if (error instanceof TimeoutError) {
    const { operation, timeout } = error;
    const message = `cannot connect to ${target.url}: no connection within ${timeout} ms (phase reached: ${phase})`;
    return new TimeoutError(operation, timeout, message);
  }
  return connectError(error ?? new Error('the socket was closed'), phase, target);
}

function connectError(error: unknown, phase: ConnectPhase, target: Target): unknown {
  if (error instanceof HandshakeError) return located(error, target);
  if (!(error instanceof Error)) return error;
  const cause = (error instanceof TransportError ? error.cause : error) as SystemError;
  const where = { url: target.url, address: addressTried(cause, target), cause };
  if (cause.syscall === 'getaddrinfo') {
    return new ConnectError(
      `cannot connect to ${target.url}: the host name '${target.hostname}' does not resolve (${cause.code})`,
      { ...where, address: target.hostname, phase: 'dns' },
    );
  }
  const what = phase === 'tls' ? tlsFailure(cause) : tcpFailure(cause, where.address);
  return new ConnectError(`cannot connect to ${target.url}: ${what}`, { ...where, phase });
}

/** Adds where it happened to an error of the handshake, which the core cannot know. */
function located(error: HandshakeError, target: Target): HandshakeError {
  const address = `${target.hostname}:${target.port}`;
  error.message = `cannot connect to ${target.url}: ${error.message}`;
  return Object.assign(error, { url: target.url, address });
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

function tlsFailure(error: SystemError): string {
  const code = error.code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for another host: ${error.message} (${code})`;
  }
  if (/CERT|SIGNATURE|ISSUER|CHAIN/.test(code)) {
    return `the server's certificate was refused: ${error.message} (${code}); if it is yours, give its CA in the option tls: { ca }`;
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return `the server does not speak TLS; is it a ws: URL? (${code})`;
  }
  return `the TLS handshake failed: ${error.message}${code && ` (${code})`}`;
}
