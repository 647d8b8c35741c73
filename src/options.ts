/**
 * Every option of every face: its type, its default and its check, in one table each.
 */
import type { ConnectionOptions as TlsConnectOptions, TlsOptions } from 'node:tls';

/** What a peer may be sent: a string goes out as text, everything else as binary. */
export type Data = string | ArrayBufferLike | ArrayBufferView | Blob;

/** How one message is sent. */
export interface SendOptions {
  /** Sends bytes as a text message; they must be valid UTF-8. Default `false`; strings always are text. */
  text?: boolean;
  /** `false` sends this message uncompressed even where compression was negotiated. Default `true`. */
  compress?: boolean;
  /** Aborts waiting for the send; what has been handed to the socket still leaves. */
  signal?: AbortSignal | undefined;
}

/** Request headers: an object, or pairs of name and value. */
export type HeadersInput =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [string, string]>;

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
  /** Headers added to the request. Default none. */
  headers?: HeadersInput | undefined;
  /** The `Origin` header. Default none. */
  origin?: string | undefined;
  /** Credentials for Basic authentication; they win over those in the URL. Default none. */
  auth?: { username: string; password: string } | undefined;
  /** A proxy; only `false` is accepted by this version. */
  proxy?: false | undefined;
  /** Redirects followed; only 0 is accepted by this version. Default 0. */
  followRedirects?: 0 | undefined;
  /** Any option of `tls.connect`, for `wss:`. Default Node's: certificates are verified. */
  tls?: TlsConnectOptions | undefined;
  /** Aborts the connection attempt. Default none. */
  signal?: AbortSignal | undefined;
  /** Fills the buffer with unpredictable bytes for masking keys (RFC 6455 §5.3). Default crypto-strong, drawn in bulk. */
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
  /** The address to listen on. Default `127.0.0.1`. */
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
  readonly host: string;
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
/** Longest delay that a Node.js timer takes; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

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
  proxy: { default: false, check: onlyAccepts(false) },
  followRedirects: { default: 0, check: onlyAccepts(0) },
  tls: { default: undefined, check: object },
  signal: { default: undefined, check: abortSignal },
  generateMaskingKey: { default: undefined, check: callback },
  busyPoll: { default: undefined, check: integer(0) },
} as const satisfies Record<keyof ConnectOptions, OptionRule>;

const LISTEN = {
  ...COMMON,
  maxMessageSize: { default: MIB, check: integer(0) },
  port: { default: 0, check: integer(0, 65_535) },
  host: { default: '127.0.0.1', check: text },
  tls: { default: undefined, check: object },
  backlog: { default: 511, check: integer(1) },
  maxBufferedAmount: { default: 16 * MIB, check: integer(0) },
  handshakeTimeout: { default: 10_000, check: milliseconds },
  maxConnections: { default: Number.POSITIVE_INFINITY, check: integer(0) },
  protocols: { default: [], check: subprotocols },
  origins: { default: undefined, check: textList },
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
  return resolve('connect', CONNECT, options, others) as unknown as ResolvedConnectOptions;
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
  return resolve('serve', LISTEN, options, others) as unknown as ResolvedListenOptions;
}

function resolve(
  caller: string,
  rules: Readonly<Record<string, OptionRule>>,
  options: unknown,
  others: readonly string[] = [],
): Record<string, unknown> {
  const defaults = defaultsOf(rules);
  if (options === undefined) return defaults;
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new TypeError(`${caller}: options must be an object, not ${describe(options)}`);
  }
  // What is not given is inherited: a connection keeps its options, and there may be many.
  const resolved: Record<string, unknown> = Object.create(defaults);
  for (const [name, value] of Object.entries(options)) {
    if (others.includes(name)) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const nearest = nearestName(name, [...Object.keys(rules), ...others]);
      const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
      throw new TypeError(`${caller}: unknown option '${name}'${hint}`);
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

/** Checks a duration in milliseconds, as the options and the arguments of single calls have it. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, not ${describe(value)}`);
  }
  if (!(value >= 0)) {
    throw new RangeError(`${name} must be 0 or more milliseconds, not ${value}`);
  }
  return Math.min(value, LONGEST_DELAY);
}

/** Checks that a value is an AbortSignal. */
export function abortSignal(name: string, value: unknown): AbortSignal {
  if (!(value instanceof AbortSignal)) {
    throw new TypeError(`${name} must be an AbortSignal, not ${describe(value)}`);
  }
  return value;
}

/** Names a value's type, for an error message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') {
    const name = (value as object).constructor?.name;
    return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
  }
  if (typeof value === 'string') return `the string '${value.slice(0, 40)}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'undefined' ? 'undefined' : `the ${typeof value} ${String(value)}`;
}

function integer(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (name: string, value: unknown): number => {
    if (typeof value !== 'number') {
      throw new TypeError(`${name} must be a number, not ${describe(value)}`);
    }
    if (value === Number.POSITIVE_INFINITY && most === Number.MAX_SAFE_INTEGER) return value;
    if (!Number.isInteger(value) || value < least || value > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
      throw new RangeError(`${name} must be an integer ${range}, not ${value}`);
    }
    return value;
  };
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw new TypeError(`${name} must be true or false, not ${describe(value)}`);
  }
  return value;
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string, not ${describe(value)}`);
  }
  return value;
}

function textList(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} must be an array of strings, not ${describe(value)}`);
  }
  return value.map((item, index) => text(`${name}[${index}]`, item));
}

function object(name: string, value: unknown): object {
  if (value === null || typeof value !== 'object') {
    throw new TypeError(`${name} must be an object, not ${describe(value)}`);
  }
  return value;
}

function callback(name: string, value: unknown): unknown {
  if (typeof value !== 'function') {
    throw new TypeError(`${name} must be a function, not ${describe(value)}`);
  }
  return value;
}

function onlyAccepts(accepted: boolean | number) {
  return (name: string, value: unknown): unknown => {
    if (value === accepted) return value;
    throw new TypeError(`${name} accepts only ${accepted} in this version of wirespeed`);
  };
}

function deflateOptions(name: string, value: unknown): unknown {
  if (value === false) return undefined;
  if (value === true) return resolve(name, DEFLATE, undefined);
  if (value === null || typeof value !== 'object') {
    throw new TypeError(`${name} must be true, false or an object, not ${describe(value)}`);
  }
  return resolve(name, DEFLATE, value);
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

// RFC 9110 §5.6.2: the characters of a token, which subprotocols and header names are made of.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 §5.5: a field value has neither CR, LF nor NUL, and goes out as Latin-1.
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function subprotocols(name: string, value: unknown): readonly string[] {
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

/**
 * Checks headers given by the caller and makes them pairs.
 *
 * @throws TypeError for a name or value that HTTP forbids (CR, LF and NUL among them), or a header that the handshake writes itself
 */
export function headerPairs(name: string, value: unknown): (readonly [string, string])[] {
  const input = object(name, value) as HeadersInput;
  const pairs: (readonly [string, string])[] = [];
  const entries: Iterable<readonly [unknown, unknown]> =
    Symbol.iterator in input ? input : Object.entries(input);
  for (const [header, content] of entries) {
    const field = text(`${name}: a header's name`, header);
    if (!TOKEN.test(field)) {
      throw new TypeError(`${name}: ${JSON.stringify(field)} is not a header name`);
    }
    if (RESERVED_HEADERS.has(field.toLowerCase())) {
      throw new TypeError(`${name}: '${field}' is written by the handshake itself`);
    }
    for (const item of Array.isArray(content) ? content : [content]) {
      pairs.push([field, headerText(`${name}: '${field}'`, item)]);
    }
  }
  return pairs;
}

function headerText(name: string, value: unknown): string {
  const content = text(name, value);
  if (!FIELD_VALUE.test(content)) {
    throw new TypeError(`${name} must not hold control characters or anything outside Latin-1`);
  }
  return content;
}

function credentials(name: string, value: unknown): { username: string; password: string } {
  const { username, password } = object(name, value) as Record<string, unknown>;
  const user = text(`${name}.username`, username);
  // RFC 7617 §2: a colon ends the user name.
  if (user.includes(':')) throw new TypeError(`${name}.username must not hold a colon`);
  return { username: user, password: text(`${name}.password`, password) };
}

/** The known name nearest to a mistyped one, if one is near at all. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(
        Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1),
      );
    }
    previous = current;
  }
  return previous[b.length] as number;
}
