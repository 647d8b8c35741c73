/**
 * Checks what goes into the head of the handshake: headers, subprotocols, origins and credentials.
 */
import { isToken } from '../http-token.ts';
import { kindOf, object, text, textList } from './checks.ts';

/** Headers: an object, or pairs of a name and a value. A property that is `undefined` counts as left out. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

// RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous". Each character
// leaves as one byte, so it must be one of Latin-1.
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Checks subprotocols, given as one or as a list.
 *
 * @throws TypeError for one that is no token, or is given twice
 */
export function subprotocols(name: string, value: unknown): readonly string[] {
  const list = typeof value === 'string' ? [value] : textList(name, value);
  const seen = new Set<string>();
  for (const protocol of list) {
    // RFC 6455 §4.1: "The elements that comprise this value MUST be non-empty strings with characters in the range
    // U+0021 to U+007E not including separator characters as defined in [RFC2616] and MUST all be unique strings."
    if (!isToken(protocol)) {
      throw new TypeError(`${name}: '${protocol}' is not a subprotocol name (RFC 6455 §4.1)`);
    }
    if (seen.has(protocol)) {
      throw new TypeError(`${name}: '${protocol}' is given twice (RFC 6455 §4.1)`);
    }
    seen.add(protocol);
  }
  return list;
}

/** Headers that only the opening handshake may write. */
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

/** Headers that a message must not have twice (RFC 9110; RFC 6454 §7.3 for `Origin`). */
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
 * Checks headers given by the caller and makes them pairs. All cookies make one pair.
 *
 * @throws TypeError for a name or value that HTTP forbids (CR, LF and NUL among them), for a header that
 * only the handshake may write, and for one given twice that HTTP allows once
 */
export function headerPairs(name: string, value: unknown): (readonly [string, string])[] {
  const input = object(name, value) as HeadersInput;
  const pairs: (readonly [string, string])[] = [];
  const entries: Iterable<unknown> =
    Symbol.iterator in input
      ? input
      : Object.entries(input).filter(([, content]) => content !== undefined);
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new TypeError(`${name} must be an object, or pairs of a name and a value`);
    }
    const [header, content] = entry as [unknown, unknown];
    const field = text(`${name}: a header's name`, header);
    if (!isToken(field)) {
      throw new TypeError(`${name}: ${JSON.stringify(field)} is not a header name`);
    }
    if (RESERVED_HEADERS.has(field.toLowerCase())) {
      throw new TypeError(`${name}: '${field}' is written by the handshake itself; leave it out`);
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
    // RFC 6265 §5.4: "the user agent MUST NOT attach more than one Cookie header field".
    pairs[earlier] = [pair[0], `${pair[1]}; ${content}`];
  } else {
    throw new TypeError(`${name}: '${field}' is given twice; HTTP allows it once`);
  }
}

/** Checks the value of a header. */
export function headerText(name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string, not ${kindOf(value)}`);
  }
  if (!FIELD_VALUE.test(value)) {
    throw new TypeError(`${name} must not have control characters or anything outside Latin-1`);
  }
  return value;
}

/** Checks credentials for Basic authentication. Its errors do not show them. */
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

// RFC 5234 appendix B.1: all characters but "controls".
const WITHOUT_CONTROLS = /^[\x20-\x7e\x80-\u{10ffff}]*$/u;

/** Says which rule of Basic authentication a user name or a password breaks; `undefined` for none. */
export function credentialsFault(auth: { username: string; password: string }): string | undefined {
  // RFC 7617 §2: "a user-id containing a colon character is invalid".
  if (auth.username.includes(':')) return 'the user name must not have a colon (RFC 7617 §2)';
  // RFC 7617 §2: "The user-id and password MUST NOT contain any control characters".
  if (!WITHOUT_CONTROLS.test(auth.username + auth.password)) {
    return 'user name and password must not have control characters (RFC 7617 §2)';
  }
  return undefined;
}

// RFC 6454 §6.2: "null", or a scheme, "://", a host, and a port that is not the default one.
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[^\s/?#@A-Z]+)$/;

/**
 * Checks a list of origins.
 *
 * @throws TypeError for one that no browser sends
 */
export function originList(name: string, value: unknown): string[] {
  const origins = textList(name, value);
  const wrong = origins.find((origin) => !ORIGIN.test(origin));
  if (wrong === undefined) return origins;
  if (wrong === '*') throw new TypeError(`${name}: leave it out to accept any origin`);
  throw new TypeError(
    `${name}: '${wrong}' is no origin as a browser sends it, such as https://example.com`,
  );
}
