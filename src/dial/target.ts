/**
 * A WebSocket URL (RFC 6455 §3), taken apart into what connecting needs.
 */
import { URL } from 'node:url';
import { InvalidUrlError } from '../errors.ts';
import { withoutSecrets } from '../inspection.ts';
import { credentialsFault, describe, type ResolvedConnectOptions } from '../options/options.ts';

/** Where to connect, and what to request there. */
export interface Target {
  /** The URL without credentials, to be shown. */
  readonly url: string;
  readonly isSecure: boolean;
  /** A name or an address; an IPv6 address has no brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The value of the `Host` header. */
  readonly host: string;
  /** The path and the query. */
  readonly target: string;
  /** The credentials in the URL. */
  readonly auth: { readonly username: string; readonly password: string } | undefined;
}

const SCHEMES: Readonly<Record<string, { isSecure: boolean; port: number; scheme: string }>> = {
  'ws:': { isSecure: false, port: 80, scheme: 'ws:' },
  'wss:': { isSecure: true, port: 443, scheme: 'wss:' },
  // Browsers take these schemes too.
  'http:': { isSecure: false, port: 80, scheme: 'ws:' },
  'https:': { isSecure: true, port: 443, scheme: 'wss:' },
};

/** The URL parsed last, with its target: many connections may go to the same URL. */
let latest: { readonly text: string; readonly target: Target } | undefined;

/**
 * Parses a WebSocket URL.
 *
 * @throws InvalidUrlError saying what is wrong with it
 * @throws TypeError if it is neither a string nor a URL, or has CR, LF or NUL in it
 */
export function parseTarget(url: string | URL): Target {
  const text = typeof url === 'string' ? url : hrefOf(url);
  if (typeof text !== 'string') {
    throw new TypeError(`connect: url must be a string or a URL, not ${describe(url)}`);
  }
  if (latest?.text === text) return latest.target;
  const target = parseText(text);
  // Credentials are not kept.
  if (target.auth === undefined) latest = { text, target };
  return target;
}

/** Returns the text of a URL object of any class: under Jest's jsdom the global class is not that of Node.js. */
function hrefOf(url: unknown): unknown {
  const { href, protocol } = (url ?? {}) as Partial<URL>;
  return typeof protocol === 'string' ? href : undefined;
}

function parseText(text: string): Target {
  // The URL parser drops line breaks, so the URL would be another one than the caller wrote.
  if (/[\r\n\0]/.test(text)) throw new TypeError('connect: url must not contain CR, LF or NUL');
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch (cause) {
    const shown = withoutSecrets(withoutCredentials(text));
    throw new InvalidUrlError(
      `'${shown}' is not a URL; a WebSocket URL looks like ws://host:port/path`,
      { url: shown, cause: Object.assign(cause as Error, { input: shown }) },
    );
  }
  const shown = withoutSecrets(withoutCredentials(parsed.href));
  const scheme = Object.hasOwn(SCHEMES, parsed.protocol) ? SCHEMES[parsed.protocol] : undefined;
  if (scheme === undefined) {
    throw new InvalidUrlError(
      `the URL's scheme must be ws or wss, not '${parsed.protocol.slice(0, -1)}'`,
      { url: shown },
    );
  }
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these
  // URIs."
  if (parsed.hash !== '' || text.endsWith('#')) {
    throw new InvalidUrlError(
      `the URL must not have a fragment ('${parsed.hash || '#'}'); write '%23' for a '#' in the path`,
      { url: shown },
    );
  }
  const auth = parseCredentials(parsed, shown);
  const target = parsed.pathname + parsed.search;
  return {
    url: `${scheme.scheme}//${parsed.host}${target}`,
    isSecure: scheme.isSecure,
    hostname: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? scheme.port : Number(parsed.port),
    host: parsed.host,
    target,
    auth,
  };
}

/**
 * Removes the credentials from the text of a URL, which may not be valid. Like a URL parser it takes backslashes for
 * slashes, and needs no slash before the host.
 */
export function withoutCredentials(url: string): string {
  const [prefix] = /^(?:[^@/\\?#:]*:)?[/\\\s]*/.exec(url) as RegExpExecArray;
  return prefix + url.slice(prefix.length).replace(/^[^/\\?#]*@/, '');
}

/**
 * Returns the request's headers that come from the options and from the URL. A header of the caller's wins over the
 * option for it, and an option wins over the URL.
 */
export function requestHeaders(
  target: Target,
  options: ResolvedConnectOptions,
): (readonly [string, string])[] {
  const headers = [...options.headers];
  const isGiven = (name: string): boolean =>
    options.headers.some(([field]) => field.toLowerCase() === name);
  if (options.origin !== undefined && !isGiven('origin')) headers.push(['Origin', options.origin]);
  const auth = options.auth ?? target.auth;
  if (auth !== undefined && !isGiven('authorization')) {
    const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    headers.push(['Authorization', `Basic ${credentials}`]);
  }
  return headers;
}

function parseCredentials(url: URL, shown: string): Target['auth'] {
  if (url.username === '' && url.password === '') return undefined;
  let auth: NonNullable<Target['auth']>;
  try {
    auth = {
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    };
  } catch (cause) {
    throw new InvalidUrlError("the URL's user name or password is not valid percent-encoding", {
      url: shown,
      cause,
    });
  }
  const fault = credentialsFault(auth);
  if (fault !== undefined) throw new InvalidUrlError(`invalid URL: ${fault}`, { url: shown });
  return auth;
}
