/**
 * The options of `tls.connect` that follow from a target and the caller's own.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ResolvedConnectOptions } from '../options.ts';
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
