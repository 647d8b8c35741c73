/**
 * Checks of what goes into the handshake's head: headers, subprotocols and credentials.
 */
import { kindOf, object, text, textList } from './checks.ts';

/** Headers: an object, or pairs of name and value. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [string, string]>;

// RFC 9110 §5.6.2: the characters of a token, which subprotocols and header names are made of.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 §5.5: a field value has neither CR, LF nor NUL, and goes out as Latin-1.
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Checks subprotocols, given as one or as a list.
 *
 * @throws TypeError for one that is no token, or there twice
 */
export function subprotocols(name: string, value: unknown): readonly string[] {
  const list = typeof value === 'string' ? [value] : textList(name, value);
  const seen = new Set<string>();
  for (const protocol of list) {
    // RFC 6455 §4.1: each a token, and each only once.
    if (!TOKEN.test(protocol)) {
      throw new TypeError(`${name}: '${protocol}' is not a subprotocol name (RFC 6455 §4.1)`);
    }
    if (seen.has(protocol)) {
      throw new TypeError(`${name}: '${protocol}' is there twice (RFC 6455 §4.1)`);
    }
    seen.add(protocol);
  }
  return list;
}

/** Headers that the opening handshake writes itself. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

/** Headers of which one message has one at most (RFC 9110; RFC 6454 §7.3 for `Origin`). */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-location',
  'content-type',
  'date',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'origin',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/**
 * Checks headers given by the caller and makes them pairs; all cookies make one of them.
 *
 * @throws TypeError for a name or value that HTTP forbids (CR, LF and NUL among them), a header that the
 * handshake writes itself, or one given twice that HTTP allows once
 */
export function headerPairs(name: string, value: unknown): (readonly [string, string])[] {
  const input = object(name, value) as HeadersInput;
  const pairs: (readonly [string, string])[] = [];
  const entries: Iterable<unknown> = Symbol.iterator in input ? input : Object.entries(input);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new TypeError(`${name} must be an object, or pairs of a name and a value`);
    }
    const [header, content] = entry as [unknown, unknown];
    const field = text(`${name}: a header's name`, header);
    if (!TOKEN.test(field)) {
      throw new TypeError(`${name}: ${JSON.stringify(field)} is not a header name`);
    }
    if (RESERVED_HEADERS.has(field.toLowerCase())) {
      throw new TypeError(`${name}: '${field}' is written by the handshake itself`);
    }
    for (const item of Array.isArray(content) ? content : [content]) {
      addHeader(name, pairs, field, headerText(`${name}: '${field}'`, item));
    }
  }
  return pairs;
}

function addHeader(
  name: string,
  pairs: (readonly [string, string])[],
  field: string,
  content: string,
): void {
  const lowerCase = field.toLowerCase();
  const isCookie = lowerCase === 'cookie';
  const earlier =
    isCookie || SINGLE_HEADERS.has(lowerCase)
      ? pairs.findIndex(([other]) => other.toLowerCase() === lowerCase)
      : -1;
  const pair = pairs[earlier];
  if (pair === undefined) {
    pairs.push([field, content]);
  } else if (isCookie) {
    // RFC 6265 §5.4: a client MUST NOT send more than one Cookie header.
    pairs[earlier] = [pair[0], `${pair[1]}; ${content}`];
  } else {
    throw new TypeError(`${name}: '${field}' is there twice; HTTP allows it once`);
  }
}

/** Checks the value of a header. */
export function headerText(name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string, not ${kindOf(value)}`);
  }
  if (!FIELD_VALUE.test(value)) {
    throw new TypeError(`${name} must not hold control characters or anything outside Latin-1`);
  }
  return value;
}

/** Checks credentials for Basic authentication; no error shows them. */
export function credentials(name: string, value: unknown): { username: string; password: string } {
  const { username, password, ...rest } = object(name, value) as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new TypeError(`${name} has 'username' and 'password', not '${unknown}'`);
  }
  for (const [part, content] of Object.entries({ username, password })) {
    if (typeof content !== 'string') {
      throw new TypeError(`${name}.${part} must be a string, not ${kindOf(content)}`);
    }
  }
  const checked = { username: username as string, password: password as string };
  const fault = credentialsFault(checked);
  if (fault !== undefined) throw new TypeError(`${name}: ${fault}`);
  return checked;
}

// RFC 5234 appendix B.1: all but CTL.
const WITHOUT_CONTROLS = /^[\x20-\x7e\x80-\u{10ffff}]*$/u;

/** Tells what Basic authentication forbids in a user name or a password, if there is any of it (RFC 7617 §2). */
export function credentialsFault(auth: { username: string; password: string }): string | undefined {
  // A colon ends the user name.
  if (auth.username.includes(':')) return 'the user name must not hold a colon (RFC 7617 §2)';
  if (!WITHOUT_CONTROLS.test(auth.username + auth.password)) {
    return 'user name and password must not hold control characters (RFC 7617 §2)';
  }
  return undefined;
}
