/**
 * The TLS context of connections with the same options: by what certificates are checked, and how all
 * is encrypted. One of its own takes a connection some 12 KiB, and a good part of the time to connect.
 */
import type { ConnectionOptions, SecureContext } from 'node:tls';
import { nodeTls } from './node-tls.ts';
import { isSameOptions } from './same-options.ts';

/** What a context was made with. */
interface Origin {
  readonly options: ConnectionOptions;
  readonly defaults: readonly unknown[];
}

/** Later versions of Node.js can exchange the authorities that are trusted by default. */
interface Authorities {
  getCACertificates?(): readonly string[];
}

/** The latest context. Only its connections keep it: it and its options may hold a private key. */
let latest: WeakRef<SecureContext> | undefined;
const origins = new WeakMap<SecureContext, Origin>();

/**
 * Returns the context for the caller's options of TLS: the latest one, where nothing has changed since.
 *
 * @throws what `tls.createSecureContext` throws for wrong options
 */
export function sharedContext(options: ConnectionOptions): SecureContext {
  const tls = nodeTls();
  const defaults = [
    tls.DEFAULT_MIN_VERSION,
    tls.DEFAULT_MAX_VERSION,
    tls.DEFAULT_CIPHERS,
    tls.DEFAULT_ECDH_CURVE,
    // The same list until it is exchanged.
    (tls as Authorities).getCACertificates?.(),
  ];
  const known = latest?.deref();
  const origin = known && origins.get(known);
  if (
    known !== undefined &&
    origin !== undefined &&
    isSameOptions(origin.options, options) &&
    isSameOptions(origin.defaults, defaults)
  ) {
    return known;
  }
  const context = tls.createSecureContext({ ciphers: tls.DEFAULT_CIPHERS, ...options });
  latest = new WeakRef(context);
  origins.set(context, { options: copyOf(options), defaults });
  return context;
}

/** Copies lists as well: the caller may add to one. */
function copyOf(options: ConnectionOptions): ConnectionOptions {
  const copies = Object.entries(options).map(([name, value]) => [
    name,
    Array.isArray(value) ? [...value] : value,
  ]);
  return Object.fromEntries(copies);
}
