/**
 * The TLS context of connections with the same options: by what certificates are checked, and how all
 * is encrypted. One of its own takes a connection some 12 KiB, and a good part of the time to connect.
 */
import type { ConnectionOptions, SecureContext } from 'node:tls';
import { nodeTls } from '../transport/node-tls.ts';
import { tlsConditions } from './tls-conditions.ts';

/** The latest context, and the conditions it was made under. Only its connections keep it: it may hold a private key. */
let latest: { readonly context: WeakRef<SecureContext>; readonly conditions: string } | undefined;

/**
 * Returns the context for the caller's options of TLS: the latest one, where nothing has changed since.
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
