/**
 * Every option of the clients and of the server, with its default and its check: one table for each set of options.
 */
import { isRegExp } from 'node:util/types';
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
import { credentials, headerPairs, headerText, originList, subprotocols } from './headers.ts';
import {
  FOREIGN_TO_ATTACH,
  FOREIGN_TO_CONNECT,
  FOREIGN_TO_DEFLATE,
  FOREIGN_TO_SERVE,
  type ForeignNames,
  unknownOption,
} from './hints.ts';
import type {
  AcceptOptions,
  CommonOptions,
  ConnectOptions,
  DeflateOptions,
  LimitOptions,
  ListenOptions,
  ResolvedAcceptOptions,
  ResolvedConnectOptions,
  ResolvedListenOptions,
} from './types.ts';

export { checkCallOptions, checkSendOptions } from './calls.ts';
export { abortSignal, describe, isPlainObject, MAX_TIMER_DELAY, milliseconds } from './checks.ts';
export { credentialsFault, type HeadersInput, headerPairs, subprotocols } from './headers.ts';
export { nearestName } from './hints.ts';
export type {
  AcceptOptions,
  CommonOptions,
  ConnectOptions,
  Data,
  DeflateOptions,
  LimitOptions,
  ListenOptions,
  PathFilter,
  ResolvedAcceptOptions,
  ResolvedConnectOptions,
  ResolvedDeflateOptions,
  ResolvedLimits,
  ResolvedListenOptions,
  SendData,
  SendOptions,
} from './types.ts';

/** How one option is resolved. */
interface OptionRule {
  readonly default: unknown;
  /** Returns the value to use, or throws. */
  readonly check: (name: string, value: unknown) => unknown;
}

const MIB = 1024 * 1024;
/** The defaults by their table, one object for all calls. */
const DEFAULTS = new Map<object, Record<string, unknown>>();

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
  transferable: { default: false, check: boolean },
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

const LIMITS = {
  connections: { default: Number.POSITIVE_INFINITY, check: integer(0) },
  perIp: { default: Number.POSITIVE_INFINITY, check: integer(1) },
  handshakesPerSecond: { default: Number.POSITIVE_INFINITY, check: integer(1) },
  messagesPerSecond: { default: Number.POSITIVE_INFINITY, check: integer(1) },
  idleTimeout: { default: 0, check: milliseconds },
  lifetime: { default: 0, check: milliseconds },
  sendTimeout: { default: 0, check: milliseconds },
} as const satisfies Record<keyof LimitOptions, OptionRule>;

const NO_LIMITS: unknown = defaultsOf(LIMITS);

const ACCEPT = {
  ...COMMON,
  maxMessageSize: { default: MIB, check: integer(0) },
  maxBufferedAmount: { default: 16 * MIB, check: integer(0) },
  handshakeTimeout: { default: 10_000, check: milliseconds },
  maxConnections: { default: Number.POSITIVE_INFINITY, check: integer(0) },
  limits: { default: NO_LIMITS, check: limitOptions },
  protocols: { default: [], check: subprotocols },
  origins: { default: undefined, check: originList },
  trustProxy: { default: [], check: textList },
  receiveTimeout: { default: 0, check: milliseconds },
  receiveQueue: { default: { high: 16, low: 4 }, check: receiveQueue },
} as const satisfies Record<keyof AcceptOptions, OptionRule>;

/** `path` is an option of `serve` and of `attach`, not of `upgrade`. */
const PATH = { path: { default: undefined, check: pathFilter } } as const;

const LISTEN = {
  ...ACCEPT,
  ...PATH,
  port: { default: undefined, check: integer(0, 65_535) },
  host: { default: undefined, check: hostName },
  socketPath: { default: undefined, check: socketName },
  socketMode: { default: undefined, check: integer(0, 0o777) },
  fd: { default: undefined, check: descriptor },
  reusePort: { default: false, check: boolean },
  proxyProtocol: { default: false, check: boolean },
  tls: { default: undefined, check: object },
  backlog: { default: 511, check: integer(1) },
  health: { default: undefined, check: absolutePath },
} as const satisfies Record<keyof ListenOptions, OptionRule>;

/**
 * Checks the options of `connect` and fills in the defaults.
 *
 * @param others names of options that the client checks itself
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
 * Checks the listening and connection options of a server and fills in the defaults.
 *
 * @param others names of options that the server checks itself
 * @throws TypeError for an unknown option (naming the nearest known one) or a value of the wrong type
 * @throws RangeError for a number out of range
 */
export function resolveListenOptions(
  options: unknown,
  others: readonly string[],
): ResolvedListenOptions {
  const given = { others, foreign: FOREIGN_TO_SERVE };
  const resolved = resolve('serve', LISTEN, options, given) as unknown as ResolvedListenOptions;
  checkPlaces(resolved);
  return resolved;
}

/**
 * Checks the options of `attach` or `upgrade` and fills in the defaults. Throws as {@link resolveListenOptions}.
 *
 * @param others names of options that the caller checks itself
 */
export function resolveAcceptOptions(
  caller: 'attach' | 'upgrade',
  options: unknown,
  others: readonly string[],
): ResolvedAcceptOptions {
  const rules = caller === 'attach' ? { ...ACCEPT, ...PATH } : ACCEPT;
  const given = { others, foreign: FOREIGN_TO_ATTACH };
  return resolve(caller, rules, options, given) as unknown as ResolvedAcceptOptions;
}

/** A server listens in one place. */
function checkPlaces({ port, host, socketPath, socketMode, fd, reusePort }: ResolvedListenOptions) {
  const places = Object.entries({ port, socketPath, fd }).filter(
    ([, place]) => place !== undefined,
  );
  if (places.length > 1) {
    const names = places.map(([name]) => `'${name}'`).join(' and ');
    throw new TypeError(`serve: the options ${names} exclude each other`);
  }
  const isByPort = socketPath === undefined && fd === undefined;
  if (!isByPort && (host !== undefined || reusePort)) {
    const name = host === undefined ? 'reusePort' : 'host';
    throw new TypeError(`serve: option '${name}' goes with 'port' alone`);
  }
  if (socketMode !== undefined && (socketPath === undefined || socketPath.startsWith('\0'))) {
    throw new TypeError("serve: option 'socketMode' goes with a 'socketPath' that is a file");
  }
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
    // The second argument of a standard WebSocket is its subprotocols.
    const isList = typeof options === 'string' || Array.isArray(options);
    const hint = isList && rules === CONNECT ? '; subprotocols go into { protocols }' : '';
    throw new TypeError(`${caller}: options must be an object, not ${kindOf(options)}${hint}`);
  }
  // Options that are not given are inherited: each of many connections keeps its options.
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

function limitOptions(name: string, value: unknown): unknown {
  return resolve(name, LIMITS, object(name, value));
}

function pathFilter(name: string, value: unknown): unknown {
  if (typeof value === 'string') {
    if (/\*|\/:/.test(value)) {
      throw new TypeError(
        `${name}: '${value}' looks like a pattern, but a path is taken literally; give a RegExp or a function`,
      );
    }
    return absolutePath(name, value);
  }
  if (typeof value === 'function' || isRegExp(value)) return value;
  throw new TypeError(`${name} must be a path, a RegExp or a function, not ${kindOf(value)}`);
}

function absolutePath(name: string, value: unknown): string {
  const path = text(name, value);
  if (/^\/[^?#]*$/.test(path)) return path;
  throw new TypeError(`${name} must begin with '/', without query or fragment, not '${path}'`);
}

function socketName(name: string, value: unknown): string {
  const path = text(name, value);
  if (path === '') throw new TypeError(`${name} must not be empty`);
  return path;
}

function descriptor(name: string, value: unknown): unknown {
  return value === 'systemd' ? value : integer(0, 0x7fff_ffff)(name, value);
}

function hostName(name: string, value: unknown): string {
  const host = text(name, value);
  if (host === '')
    throw new TypeError(`${name} must not be empty; leave it out to listen on every address`);
  return host;
}

function receiveQueue(name: string, value: unknown): { high: number; low: number } {
  const { high = 16, low, ...rest } = object(name, value) as { high?: unknown; low?: unknown };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new TypeError(`${name} has 'high' and 'low', not '${unknown}'`);
  }
  const checkedHigh = integer(1)(`${name}.high`, high);
  const checkedLow = integer(0)(`${name}.low`, low ?? Math.min(4, checkedHigh - 1));
  if (checkedLow >= checkedHigh) {
    throw new RangeError(
      `${name}.low must be below ${name}.high, not ${checkedLow} and ${checkedHigh}`,
    );
  }
  return { high: checkedHigh, low: checkedLow };
}
