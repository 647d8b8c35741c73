/**
 * Shares one TLS context among connections with the same options. A context has the trusted authorities and the
 * ciphers. It takes some 12 KiB, and making it takes a good part of the time to connect.
 */
import type { ConnectionOptions, SecureContext } from 'node:tls';
import { nodeTls } from '../transport/node-tls.ts';
import { tlsConditions } from './tls-conditions.ts';

/**
 * The context made last, and the conditions that it was made under. Only its connections keep it alive, since it may
 * hold a private key.
 */
let latest: { readonly context: WeakRef<SecureContext>; readonly conditions: string } | undefined;

/**
 * Returns a context for the caller's options of TLS: the one made last, if all conditions are the same.
 *
 * @throws what `tls.createSecureContext` throws for wrong options
 */
export function sharedContext(options: ConnectionOptions): SecureContext {
  const conditions = tlsConditions(options);
  const known = latest?.conditions === conditions ? latest.context.deref() : undefined;
  if (known !== undefined) return known;
  const tls = nodeTls();
  const context = tls.createSecureContext({ ciphers: tls.DEFAULT_CIPHERS, ...options });
  latest = { context: new WeakRef(context), conditions };
  return context;
}
