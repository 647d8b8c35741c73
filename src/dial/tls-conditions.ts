/**
 * The conditions of a TLS connection: everything that decides which certificates it accepts. Sessions and contexts of
 * one connection are used for another only if all conditions are the same.
 */
import { createHash, type Hash } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { isPlainObject } from '../options/options.ts';
import { nodeTls } from '../transport/node-tls.ts';

/** How many levels of objects in the options are compared. The options of Node.js are lists of objects at most. */
const MAX_DEPTH = 4;

/** Later versions of Node.js can replace the authorities that are trusted by default. */
interface Authorities {
  getCACertificates?(): readonly string[];
  setDefaultCACertificates?(certificates: readonly string[]): void;
}

/** Returns the authorities trusted by default, if Node.js tells them; the same array until they are replaced. */
export function defaultAuthorities(): readonly string[] | undefined {
  return (nodeTls() as Authorities).getCACertificates?.();
}

/** Trusts these authorities by default, which another thread does. Each thread has its own. */
export function trustByDefault(authorities: readonly string[]): void {
  const own = defaultAuthorities() ?? [];
  const isSame =
    own.length === authorities.length && own.every((each, index) => each === authorities[index]);
  if (!isSame) (nodeTls() as Authorities).setDefaultCACertificates?.(authorities);
}

/**
 * Tells whether a connection with these options ends if its certificate is refused. Like Node.js it looks at the
 * environment at every call.
 */
export function isVerified(options: ConnectionOptions): boolean {
  // An option that is given as `undefined` hides the environment.
  if (Object.hasOwn(options, 'rejectUnauthorized')) return options.rejectUnauthorized !== false;
  return process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
}

/**
 * Returns a digest of the options and of everything that Node.js takes from elsewhere. Two digests are equal only if
 * nothing differs. Functions and native objects are compared by identity; what they do may still change.
 */
export function tlsConditions(options: ConnectionOptions): string {
  const tls = nodeTls();
  // A digest, since the options may hold a private key, which must not be kept with the conditions.
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

/** Adds a value to the digest, in a form that no other value has. */
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

/** The numbers of values that are compared by identity. */
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
