/**
 * The options of `tls.connect`, made of a target and the caller's options of TLS.
 */

import { isIP } from 'node:net';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { isNativeError, isPromise } from 'node:util/types';
import { describe, type ResolvedConnectOptions } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';
import type { Target } from './target.ts';

/** Returns the caller's options of TLS, with defaults for the target. */
export function secureOptions(target: Target, options: ResolvedConnectOptions): ConnectionOptions {
  const secure: ConnectionOptions = { host: target.hostname, ...options.tls };
  // RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"."
  if (secure.servername === undefined && isIP(target.hostname) === 0) {
    secure.servername = target.hostname;
  }
  // A server that speaks HTTP/2 as well must not choose it.
  secure.ALPNProtocols ??= ['http/1.1'];
  return secure;
}

/**
 * Guards the caller's functions: what they throw is given to `fail`, which ends the connection. Thrown out of a
 * callback of Node.js it would end the process.
 */
export function withGuards(
  options: ConnectionOptions,
  fail: (error: Error) => void,
): ConnectionOptions {
  const { pskCallback } = options;
  const guarded: ConnectionOptions = {
    ...options,
    checkServerIdentity(host, certificate) {
      try {
        return identityFault(options, host, certificate);
      } catch (error) {
        fail(error as Error);
        return error as Error;
      }
    },
  };
  if (typeof pskCallback === 'function') {
    guarded.pskCallback = (hint) => {
      try {
        return pskCallback(hint);
      } catch (error) {
        fail(toError('pskCallback', error));
        return null;
      }
    };
  }
  return guarded;
}

/**
 * Checks that a certificate is for the host, by the caller's function or else by that of `node:tls`.
 *
 * @returns why the certificate is refused; `undefined` if it is not
 * @throws what the function throws, as an Error
 */
export function identityFault(
  options: ConnectionOptions,
  host: string,
  certificate: PeerCertificate,
): Error | undefined {
  const check = options.checkServerIdentity ?? nodeTls().checkServerIdentity;
  let verdict: unknown;
  try {
    verdict = check(host, certificate);
  } catch (error) {
    throw toError('checkServerIdentity', error);
  }
  if (isNativeError(verdict)) return verdict;
  // A promise is refused below. Its rejection must not end the process.
  if (isPromise(verdict)) verdict.catch(() => {});
  // As in Node.js, a falsy value accepts the certificate.
  if (!verdict) return undefined;
  return new TypeError(
    `checkServerIdentity must return undefined or an Error, not ${describe(verdict)}`,
  );
}

function toError(name: string, thrown: unknown): Error {
  if (isNativeError(thrown)) return thrown;
  return new Error(`${name} threw ${describe(thrown)}`, { cause: thrown });
}
