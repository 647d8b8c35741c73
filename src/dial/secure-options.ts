/**
 * The options of `tls.connect` that follow from a target and the caller's own.
 */

import { isIP } from 'node:net';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { isNativeError, isPromise } from 'node:util/types';
import { describe, type ResolvedConnectOptions } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';
import type { Target } from './target.ts';

/** Returns what TLS to the target is done with: the caller's options, and what is left open. */
export function secureOptions(target: Target, options: ResolvedConnectOptions): ConnectionOptions {
  const secure: ConnectionOptions = { host: target.hostname, ...options.tls };
  // RFC 6066 §3: an address is no server name.
  if (secure.servername === undefined && isIP(target.hostname) === 0) {
    secure.servername = target.hostname;
  }
  // What is spoken here is HTTP/1.1; a server that can do more must not choose it.
  secure.ALPNProtocols ??= ['http/1.1'];
  return secure;
}

/**
 * Has what the caller's functions throw given to `fail`, which ends the connection: out of a callback of
 * Node.js it would end the process.
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
 * Asks whom the certificate is for: the caller's function, or that of `node:tls`; `undefined` if all is well.
 *
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
  // A promise is refused below; what becomes of it must not end the process.
  if (isPromise(verdict)) verdict.catch(() => {});
  // As for Node.js, what is falsy agrees, and everything else refuses.
  if (!verdict) return undefined;
  return new TypeError(
    `checkServerIdentity must return undefined or an Error, not ${describe(verdict)}`,
  );
}

function toError(name: string, thrown: unknown): Error {
  if (isNativeError(thrown)) return thrown;
  return new Error(`${name} threw ${describe(thrown)}`, { cause: thrown });
}
