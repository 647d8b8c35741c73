/**
 * Every option of every face: its type, its default and its check, in one table each.
 */
import type { ConnectionOptions as TlsConnectOptions, TlsOptions } from 'node:tls';
import {
  abortSignal,
  boolean,
  callback,
  integer,
  kindOf,
  milliseconds,
  object,
  text,
  textList,
} from './checks.ts';
import {
  credentials,
  type HeadersInput,
  headerPairs,
  headerText,
  subprotocols,
} from './headers.ts';
import {
  FOREIGN_TO_CONNECT,
  FOREIGN_TO_DEFLATE,
  FOREIGN_TO_SERVE,
  type ForeignNames,
  unknownOption,
} from './hints.ts';

export { checkCallOptions, checkSendOptions } from './calls.ts';
export { abortSignal, describe, milliseconds } from './checks.ts';
export { credentialsFault, type HeadersInput, headerPairs } from './headers.ts';

/** What a peer may be sent: a string goes out as text, everything else as binary. */
export type Data = string | ArrayBufferLike | ArrayBufferView | Blob;

/** What `send` takes: one piece of data, or an iterable of pieces that are sent as fragments. */
export type SendData = Data | Iterable<Data> | AsyncIterable<Data>;

/** How one message is sent. */
export interface SendOptions {
  /** Sends bytes as a text message; they must be valid UTF-8. Default `false`; strings always are text. */
  text?: boolean;
  /** `false` sends this message uncompressed even where compression was negotiated. Default `true`. */
  compress?: boolean;
  /** Takes back what has not begun to leave, or aborts the wait for room; `send` of `wirespeed` says how. */
  signal?: AbortSignal | undefined;
}

/** Compression of messages (RFC 7692 §7.1). Every option may be left out. */
export interface DeflateOptions {
  /** The server forgets its history after each message: less memory, less compression. Default `false`. */
  serverNoContextTakeover?: boolean | undefined;
  /** The client forgets its history after each message. Default `false`. */
  clientNoContextTakeover?: boolean | undefined;
  /** Bits of the server's largest window, 8 to 15. Default open, which is 15. */
  serverMaxWindowBits?: number | undefined;
  /** Bits of the client's largest window, 8 to 15. Default open, which is 15. */
  clientMaxWindowBits?: number | undefined;
  /** Bytes from which on a message is compressed. Default 1024. */
  threshold?: number | undefined;
  /** zlib's level, 0 (stored) to 9 (smallest), -1 for its default. Default -1, which is 6. */
  level?: number | undefined;
  /** zlib's memory level, 1 to 9. Default 8. */
  memLevel?: number | undefined;
}

/** Options that both ends of a connection have. */
export interface CommonOptions {
  /** Milliseconds for the closing handshake; then the socket is destroyed. Default 10 000. */
  closeTimeout?: number | undefined;
  /** Milliseconds without a byte from the peer after which it is pinged; 0 for never. Default 20 000. */
  pingInterval?: number | undefined;
  /** Milliseconds that such a ping may stay without any byte in return; 0 for ever. Default 20 000. */
  pingTimeout?: number | undefined;
  /** Bytes of the largest message accepted. Default 64 MiB for a client, 1 MiB for a server. */
  maxMessageSize?: number | undefined;
  /** Fragments that one message may come in. Default 16 384. */
  maxFragments?: number | undefined;
  /** Bytes buffered for sending above which `send` reports backpressure. Default 64 KiB. */
  sendHighWaterMark?: number | undefined;
  /** Compression (RFC 7692): `true` for its defaults, an object for others. Default `false`. */
  perMessageDeflate?: boolean | DeflateOptions | undefined;
  /** Whether small writes leave at once (`TCP_NODELAY`). Default `true`. */
  noDelay?: boolean | undefined;
  /** Whether pings are answered by themselves (RFC 6455 §5.5.2). Default `true`. */
  autoPong?: boolean | undefined;
}

/** Options of `connect`, the same in every face. */
export interface ConnectOptions extends CommonOptions {
  /** Milliseconds for DNS, TCP, TLS and the upgrade together; 0 for no limit. Default 10 000. */
  connectTimeout?: number | undefined;
  /** Milliseconds that a `recv` without a timeout of its own waits; 0 or none for ever. Default none. */
  receiveTimeout?: number | undefined;
  /** Messages waiting for `recv`: above `high` the socket is paused, at `low` it is resumed. Default 16 and 4. */
  receiveQueue?: { high?: number | undefined; low?: number | undefined } | undefined;
  /** Subprotocols offered, best first. Default none. */
  protocols?: string | readonly string[] | undefined;
  /**
   * Headers added to the request. One that is given here wins over the option for it (`origin`,
   * `auth`), and an option over the URL (its host and credentials). What HTTP allows once is given
   * once; several cookies leave in one header. Default none.
   */
  headers?: HeadersInput | undefined;
  /** The `Origin` header. Default none. */
  origin?: string | undefined;
  /** Credentials for Basic authentication; they win over those in the URL, and a header over both. Default none. */
  auth?: { username: string; password: string } | undefined;
  /** A proxy; only `false` is accepted by this version. */
  proxy?: false | undefined;
  /** Redirects followed; only 0 is accepted by this version. Default 0. */
  followRedirects?: 0 | undefined;
  /**
   * Options of `tls.connect`, for `wss:`; one that would be ignored is a TypeError that says what to use. Default
   * Node's: certificates are verified.
   */
  tls?: TlsConnectOptions | undefined;
  /** Aborts the connection attempt. Default none. */
  signal?: AbortSignal | undefined;
  /**
   * Fills the buffer with unpredictable bytes for masking keys (RFC 6455 §5.3), and sends nothing itself. Default
   * crypto-strong, drawn in bulk.
   */
  generateMaskingKey?: ((keys: Uint8Array) => void) | undefined;
  /**
   * Microseconds to keep polling before sleeping while a message is awaited. Meant for a machine
   * with a processor to spare: it trades its time for a shorter round trip. Default 0; in the sync
   * face 50, over TLS 100, where there are two processors or more, and only while replies come that fast.
   */
  busyPoll?: number | undefined;
}

/** Options of a server's listening side; the connection options apply to each connection. */
export interface ListenOptions extends CommonOptions {
  /** The port; 0 lets the system choose. Default 0. */
  port?: number | undefined;
  /** The address to listen on. Default every one of this machine: `::`, IPv4 included, or `0.0.0.0` without IPv6. */
  host?: string | undefined;
  /** Any option of `tls.createServer`; given, the server speaks `wss:`. Default none. */
  tls?: TlsOptions | undefined;
  /** Length of the queue of connections not yet accepted. Default 511. */
  backlog?: number | undefined;
  /** Milliseconds for a client to complete its opening handshake; 0 for no limit. Default 10 000. */
  handshakeTimeout?: number | undefined;
  /**
   * Bytes that may wait to be sent to one client when more is sent. Above it the client reads too
   * slowly: nothing more is buffered, and the connection is terminated with `WS_SLOW_PEER`, in
   * the next tick. What is sent in the very turn of the event loop in which the limit is passed may wait
   * besides, up to sixteen times the limit: the client has had no chance to take it. Default 16 MiB.
   */
  maxBufferedAmount?: number | undefined;
  /** Connections open at once; above it the upgrade is refused with 503. Default none. */
  maxConnections?: number | undefined;
  /** Subprotocols supported, best first; the first that the client offers too is chosen. Default none. */
  protocols?: string | readonly string[] | undefined;
  /** Origins accepted, such as `https://example.com`; a request with another is refused with 403. Default any. */
  origins?: readonly string[] | undefined;
}

/** `DeflateOptions`, checked, with every default filled in. */
export interface ResolvedDeflateOptions {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | undefined;
  readonly threshold: number;
  readonly level: number;
  readonly memLevel: number;
}

interface ResolvedCommon {
  readonly perMessageDeflate: ResolvedDeflateOptions | undefined;
  readonly closeTimeout: number;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxMessageSize: number;
  readonly maxFragments: number;
  readonly sendHighWaterMark: number;
  readonly noDelay: boolean;
  readonly autoPong: boolean;
}

/** `ConnectOptions`, checked, with every default filled in. */
export interface ResolvedConnectOptions extends ResolvedCommon {
  readonly connectTimeout: number;
  readonly receiveTimeout: number;
  readonly receiveQueue: { readonly high: number; readonly low: number };
  readonly protocols: readonly string[];
  readonly headers: readonly (readonly [string, string])[];
  readonly origin: string | undefined;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  readonly tls: TlsConnectOptions | undefined;
  readonly signal: AbortSignal | undefined;
  readonly generateMaskingKey: ((keys: Uint8Array) => void) | undefined;
  readonly busyPoll: number | undefined;
}

/** `ListenOptions`, checked, with every default filled in. */
export interface ResolvedListenOptions extends ResolvedCommon {
  readonly port: number;
  readonly host: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly backlog: number;
  readonly maxBufferedAmount: number;
  readonly handshakeTimeout: number;
  readonly maxConnections: number;
  readonly protocols: readonly string[];
  readonly origins: readonly string[] | undefined;
}

interface OptionRule {
  readonly default: unknown;
  /** Returns the value to use, or throws. */
  readonly check: (name: string, value: unknown) => unknown;
}

const MIB = 1024 * 1024;

const DEFLATE = {
  serverNoContextTakeover: { default: false, check: boolean },
  clientNoContextTakeover: { default: false, check: boolean },
  serverMaxWindowBits: { default: undefined, check: integer(8, 15) },
  clientMaxWindowBits: { default: undefined, check: integer(8, 15) },
  threshold: { default: 1024, check: integer(0) },
  level: { default: -1, check: integer(-1, 9) },
  memLevel: { default: 8, check: integer(1, 9) },
} as const satisfies Record<keyof DeflateOptions, OptionRule>;

const COMMON = {
  closeTimeout: { default: 10_000, check: milliseconds },
  pingInterval: { default: 20_000, check: milliseconds },
  pingTimeout: { default: 20_000, check: milliseconds },
  maxMessageSize: { default: 64 * MIB, check: integer(0) },
  maxFragments: { default: 16_384, check: integer(1) },
  sendHighWaterMark: { default: 64 * 1024, check: integer(0) },
  perMessageDeflate: { default: undefined, check: deflateOptions },
  noDelay: { default: true, check: boolean },
  autoPong: { default: true, check: boolean },
} as const satisfies Record<keyof CommonOptions, OptionRule>;

const CONNECT = {
  ...COMMON,
  connectTimeout: { default: 10_000, check: milliseconds },
  receiveTimeout: { default: 0, check: milliseconds },
  receiveQueue: { default: { high: 16, low: 4 }, check: receiveQueue },
  protocols: { default: [], check: subprotocols },
  headers: { default: [], check: headerPairs },
  origin: { default: undefined, check: headerText },
  auth: { default: undefined, check: credentials },
  proxy: { default: false, check: onlyAccepts(false, 'connections are direct') },
  followRedirects: {
    default: 0,
    check: onlyAccepts(0, 'the error of a redirect names its target'),
  },
  tls: { default: undefined, check: object },
  signal: { default: undefined, check: abortSignal },
  generateMaskingKey: { default: undefined, check: callback },
  busyPoll: { default: undefined, check: integer(0) },
} as const satisfies Record<keyof ConnectOptions, OptionRule>;

const LISTEN = {
  ...COMMON,
  maxMessageSize: { default: MIB, check: integer(0) },
  port: { default: 0, check: integer(0, 65_535) },
  host: { default: undefined, check: hostName },
  tls: { default: undefined, check: object },
  backlog: { default: 511, check: integer(1) },
  maxBufferedAmount: { default: 16 * MIB, check: integer(0) },
  handshakeTimeout: { default: 10_000, check: milliseconds },
  maxConnections: { default: Number.POSITIVE_INFINITY, check: integer(0) },
  protocols: { default: [], check: subprotocols },
  origins: { default: undefined, check: originList },
} as const satisfies Record<keyof ListenOptions, OptionRule>;

/**
 * Checks the options of `connect` and fills in the defaults; `others` names the options that the client
 * itself looks after.
 *
 * @throws TypeError for an unknown option (naming the nearest known one) or a value of the wrong type
 * @throws RangeError for a number out of range
 */
export function resolveConnectOptions(
  options: unknown,
  others: readonly string[] = [],
): ResolvedConnectOptions {
  const resolved = resolve('connect', CONNECT, options, { others, foreign: FOREIGN_TO_CONNECT });
  return resolved as unknown as ResolvedConnectOptions;
}

/**
 * Checks the listening and connection options of a server and fills in the defaults; `others`
 * names the options that the server itself looks after.
 *
 * @throws TypeError for an unknown option (naming the nearest known one) or a value of the wrong type
 * @throws RangeError for a number out of range
 */
export function resolveListenOptions(
  options: unknown,
  others: readonly string[],
): ResolvedListenOptions {
  const resolved = resolve('serve', LISTEN, options, { others, foreign: FOREIGN_TO_SERVE });
  return resolved as unknown as ResolvedListenOptions;
}

function resolve(
  caller: string,
  rules: Readonly<Record<string, OptionRule>>,
  options: unknown,
  { others = [], foreign = {} }: { others?: readonly string[]; foreign?: ForeignNames } = {},
): Record<string, unknown> {
  const defaults = defaultsOf(rules);
  if (options === undefined) return defaults;
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    // A standard WebSocket takes subprotocols in their place.
    const isList = typeof options === 'string' || Array.isArray(options);
    const hint = isList && rules === CONNECT ? '; subprotocols go into { protocols }' : '';
    throw new TypeError(`${caller}: options must be an object, not ${kindOf(options)}${hint}`);
  }
  // What is not given is inherited: a connection keeps its options, and there may be many.
  const resolved: Record<string, unknown> = Object.create(defaults);
  for (const [name, value] of Object.entries(options)) {
    if (others.includes(name)) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      throw unknownOption(caller, name, [...Object.keys(rules), ...others], foreign);
    }
    if (value !== undefined) resolved[name] = rule.check(`option '${name}'`, value);
  }
  return resolved;
}

/** The defaults of each table, the same object at every call. */
const DEFAULTS = new Map<object, Record<string, unknown>>();

function defaultsOf(rules: Readonly<Record<string, OptionRule>>): Record<string, unknown> {
  const known = DEFAULTS.get(rules);
  if (known !== undefined) return known;
  const defaults: Record<string, unknown> = Object.create(null);
  for (const [name, rule] of Object.entries(rules)) defaults[name] = rule.default;
  DEFAULTS.set(rules, defaults);
  return defaults;
}

function onlyAccepts(accepted: boolean | number, why: string) {
  return (name: string, value: unknown): unknown => {
    if (value === accepted) return value;
    throw new TypeError(`${name} accepts only ${accepted} in this version of wirespeed: ${why}`);
  };
}

function deflateOptions(name: string, value: unknown): unknown {
  if (value === false) return undefined;
  if (value === true) return resolve(name, DEFLATE, undefined);
  if (value === null || typeof value !== 'object') {
    throw new TypeError(`${name} must be true, false or an object, not ${kindOf(value)}`);
  }
  return resolve(name, DEFLATE, value, { foreign: FOREIGN_TO_DEFLATE });
}

/** RFC 6454 §6.2: a scheme, a host and a port, if it is not the usual one; `null` for what has none. */
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[^\s/?#@A-Z]+)$/;

function originList(name: string, value: unknown): string[] {
  const origins = textList(name, value);
  const wrong = origins.find((origin) => !ORIGIN.test(origin));
  if (wrong === undefined) return origins;
  throw new TypeError(
    `${name}: '${wrong}' is no origin as a browser sends it, such as https://example.com`,
  );
}

function hostName(name: string, value: unknown): string {
  const host = text(name, value);
  if (host === '') throw new TypeError(`${name} must not be empty; left out, it is every address`);
  return host;
}

function receiveQueue(name: string, value: unknown): { high: number; low: number } {
  const { high = 16, low, ...rest } = object(name, value) as { high?: unknown; low?: unknown };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new TypeError(`${name} has 'high' and 'low', not '${unknown}'`);
  }
  const most = integer(1)(`${name}.high`, high);
  const least = integer(0)(`${name}.low`, low ?? Math.min(4, most - 1));
  if (least >= most) {
    throw new RangeError(`${name}.low must be below ${name}.high, not ${least} and ${most}`);
  }
  return { high: most, low: least };
}
