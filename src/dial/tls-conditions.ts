/**
 * Under what conditions TLS is done: what is kept of one connection serves another only under the very same.
 */
import { createHash, type Hash } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { isPlainObject } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';

/** How deep options are looked into: those of Node.js are lists of objects at most. */
const MAX_DEPTH = 4;

/** Later versions of Node.js can exchange the authorities that are trusted by default. */
interface Authorities {
  getCACertificates?(): readonly string[];
  setDefaultCACertificates?(certificates: readonly string[]): void;
}

/** Returns the authorities trusted by default, where Node.js tells them: the same list until it is exchanged. */
export function defaultAuthorities(): readonly string[] | undefined {
  return (nodeTls() as Authorities).getCACertificates?.();
}

/** Trusts by default the authorities that another thread does; each thread has its own. */
export function trustByDefault(authorities: readonly string[]): void {
  const own = defaultAuthorities() ?? [];
  const isSame =
    own.length === authorities.length && own.every((each, index) => each === authorities[index]);
  if (!isSame) (nodeTls() as Authorities).setDefaultCACertificates?.(authorities);
}

/**
 * Tells whether a connection with the options ends where the certificate is refused. As Node.js does, it
 * looks at the environment at every call.
 */
export function isVerified(options: ConnectionOptions): boolean {
  // Given as `undefined` it counts as given.
  if (Object.hasOwn(options, 'rejectUnauthorized')) return options.rejectUnauthorized !== false;
  return process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
}

/**
 * Returns a digest of the options, by their contents, and of all that Node.js takes from elsewhere. Two are
 * equal only where nothing differs. Functions and native objects count as themselves: what they
 * do may change all the same.
 */
export function tlsConditions(options: ConnectionOptions): string {
  const tls = nodeTls();
  // The options may hold a private key, and whoever keeps the conditions should not.
  const digest = createHash('sha256');
  add(digest, options, 0);
  add(digest, isVerified(options), 0);
  add(digest, tls.DEFAULT_MIN_VERSION, 0);
  add(digest, tls.DEFAULT_MAX_VERSION, 0);
  add(digest, tls.DEFAULT_CIPHERS, 0);
  add(digest, tls.DEFAULT_ECDH_CURVE, 0);
  add(digest, tls.checkServerIdentity, 0);
  addIdentity(digest, defaultAuthorities() ?? tls);
  return digest.digest('base64');
}

/** Adds a value in a form that no other one has. */
function add(digest: Hash, value: unknown, depth: number): void {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value;
    digest.update(`bytes ${byteLength}:`).update(new Uint8Array(buffer, byteOffset, byteLength));
  } else if (typeof value === 'string') {
    digest.update(`string ${Buffer.byteLength(value)}:`).update(value);
  } else if (typeof value === 'function') {
    addIdentity(digest, value);
  } else if (typeof value === 'object' && value !== null) {
    const isListed = Array.isArray(value) || isPlainObject(value);
    if (isListed && depth < MAX_DEPTH) addEntries(digest, value, depth + 1);
    else addIdentity(digest, value);
  } else {
    digest.update(`${typeof value} ${String(value)};`);
  }
}

function addEntries(digest: Hash, value: object, depth: number): void {
  const names = Object.keys(value).sort();
  digest.update(`${Array.isArray(value) ? 'list' : 'object'} ${names.length}:`);
  for (const name of names) {
    add(digest, name, depth);
    add(digest, value[name as keyof object], depth);
  }
}

/** Numbers of what counts as itself. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function addIdentity(digest: Hash, value: object): void {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = ++lastIdentity;
    identities.set(value, identity);
  }
  digest.update(`identity ${identity};`);
}
