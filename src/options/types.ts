/**
 * The options of every client and of the server as types, and what `send` takes.
 */
import type { ConnectionOptions as TlsConnectOptions, TlsOptions } from 'node:tls';
import type { HeadersInput } from './headers.ts';

/** Data for a peer: a string goes out as text, everything else as binary. */
export type Data = string | ArrayBufferLike | ArrayBufferView | Blob;

/** What `send` takes: one piece of data, or an iterable of pieces that are sent as fragments. */
export type SendData = Data | Iterable<Data> | AsyncIterable<Data>;

/** How one message is sent. */
export interface SendOptions {
  /** Sends bytes as a text message; they must be valid UTF-8. Default `false`; strings always are text. */
  text?: boolean;
  /** `false` sends this message uncompressed even where compression was negotiated. Default `true`. */
  compress?: boolean;
  /**
   * Takes back a message that has not begun to leave, or aborts the wait for room. Only the async client takes it:
   * see its `send`.
   */
  signal?: AbortSignal | undefined;
}

/** Compression of messages (RFC 7692 §7.1). Every option may be left out. */
export interface DeflateOptions {
  /** The server forgets its history after each message: less memory, less compression. Default `false`. */
  serverNoContextTakeover?: boolean | undefined;
  /** The client forgets its history after each message. Default `false`. */
  clientNoContextTakeover?: boolean | undefined;
  /** Bits of the server's largest window, 8 to 15. By default it is not negotiated, and is 15. */
  serverMaxWindowBits?: number | undefined;
  /** Bits of the client's largest window, 8 to 15. By default it is not negotiated, and is 15. */
  clientMaxWindowBits?: number | undefined;
  /** Messages of at least so many bytes are compressed. Default 1024. */
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
  /** The peer is pinged after so many milliseconds without a byte from it; 0 for never. Default 20 000. */
  pingInterval?: number | undefined;
  /** The connection is lost if no byte comes within so many milliseconds of such a ping; 0 for never. Default 20 000. */
  pingTimeout?: number | undefined;
  /** Bytes of the largest message accepted. Default 64 MiB for a client, 1 MiB for a server. */
  maxMessageSize?: number | undefined;
  /** Fragments that one message may come in. Default 16 384. */
  maxFragments?: number | undefined;
  /** Above so many bytes buffered for sending, `send` reports backpressure. Default 64 KiB. */
  sendHighWaterMark?: number | undefined;
  /** Compression (RFC 7692): `true` for its defaults, an object for others. Default `false`. */
  perMessageDeflate?: boolean | DeflateOptions | undefined;
  /** Whether small writes leave at once (`TCP_NODELAY`). Default `true`. */
  noDelay?: boolean | undefined;
  /** Whether the library answers pings (RFC 6455 §5.5.2). Default `true`. */
  autoPong?: boolean | undefined;
  /**
   * Whether each binary message has an `ArrayBuffer` of its own, which can be transferred to a worker. By default
   * messages of up to 4 KiB share one of 16 KiB, as Node.js's own Buffers do: a message that is kept keeps all of it.
   * Views are not concerned. Default `false`.
   */
  transferable?: boolean | undefined;
}

/** Options of `connect`, the same in every client. */
export interface ConnectOptions extends CommonOptions {
  /** Milliseconds for DNS, TCP, TLS and the upgrade together; 0 for no limit. Default 10 000. */
  connectTimeout?: number | undefined;
  /** Milliseconds that a `recv` without a timeout of its own waits; 0 for no limit. Default 0. */
  receiveTimeout?: number | undefined;
  /**
   * Messages waiting for `recv` in the async client: at `high` the socket is paused, at `low` it is resumed. Default 16
   * and 4.
   */
  receiveQueue?: { high?: number | undefined; low?: number | undefined } | undefined;
  /** Subprotocols offered, best first. Default none. */
  protocols?: string | readonly string[] | undefined;
  /**
   * Headers added to the request. A header given here wins over the option for it (`origin`, `auth`), and an option
   * wins over the URL. A header that HTTP allows once may be given once; all cookies leave in one header. Default
   * none.
   */
  headers?: HeadersInput | undefined;
  /** The `Origin` header. Default none. */
  origin?: string | undefined;
  /** Credentials for Basic authentication; they win over those in the URL. Default none. */
  auth?: { username: string; password: string } | undefined;
  /** A proxy; only `false` is accepted by this version. */
  proxy?: false | undefined;
  /** Redirects followed; only 0 is accepted by this version. Default 0. */
  followRedirects?: 0 | undefined;
  /**
   * Options of `tls.connect`, for `wss:`. An option that would have no effect is a TypeError that says what to use.
   * Default Node's: certificates are verified.
   */
  tls?: TlsConnectOptions | undefined;
  /** Aborts the connection attempt. Default none. */
  signal?: AbortSignal | undefined;
  /**
   * Fills the buffer with unpredictable bytes for masking keys (RFC 6455 §5.3). It must not send. Default
   * crypto-strong, drawn in bulk.
   */
  generateMaskingKey?: ((keys: Uint8Array) => void) | undefined;
  /**
   * Microseconds to poll before sleeping, while a reply is awaited: in the events client, once something was sent
   * since the last message. A number polls in any case, 0 never. By default a connection finds out by itself whether
   * polling pays, for up to 200 µs: now and then it tries the other way, and polls only where replies come sooner so
   * and a message costs hardly more CPU. On a machine with one processor it never polls.
   */
  busyPoll?: number | undefined;
}

/** Which requests are an endpoint's: those to one path, or those whose path matches or is approved of. */
export type PathFilter = string | RegExp | ((path: string) => boolean);

/** Limits of a server, for abuse and for mishaps. Each may be left out, and is off then. */
export interface LimitOptions {
  /** Connections open at once. Above it a request is refused with 503 and `Retry-After`. */
  connections?: number | undefined;
  /**
   * Connections open at once from one address; IPv6 addresses count by their /64, which is what one subscriber has.
   * Above it a request is refused with 429 and `Retry-After`. Behind a proxy it needs `trustProxy` or `proxyProtocol`.
   */
  perIp?: number | undefined;
  /**
   * Requests to upgrade per second, of all clients together; as many may come at once. Above it a request is refused
   * with 503 and `Retry-After`, before the hook `request` sees it.
   */
  handshakesPerSecond?: number | undefined;
  /** Messages and pings per second on one connection; as many may come at once. Above it: close code 1008. */
  messagesPerSecond?: number | undefined;
  /** Milliseconds in which no message goes either way; then the connection is closed with 1001. Pings do not count. */
  idleTimeout?: number | undefined;
  /** Milliseconds that a connection may last; then it is closed with 1001. */
  lifetime?: number | undefined;
  /**
   * Milliseconds in which a client takes nothing of what waits for it; then its connection is terminated
   * (`WS_SLOW_PEER`), since a close frame would have to wait as well. `maxBufferedAmount` limits the bytes.
   */
  sendTimeout?: number | undefined;
}

/** Options of `serve`, `attach` and `upgrade`; the connection options apply to each connection. */
export interface AcceptOptions extends CommonOptions {
  /** Milliseconds for a client to complete its opening handshake; 0 for no limit. Default 10 000. */
  handshakeTimeout?: number | undefined;
  /**
   * Bytes that may wait to be sent to one client. A client with more bytes waiting reads too slowly: `send` buffers
   * nothing more, and the server terminates the connection with `WS_SLOW_PEER` in the next tick. The turn of the
   * event loop in which the limit is passed does not count, up to sixteen times the limit: the client could not read
   * meanwhile. Default 16 MiB.
   */
  maxBufferedAmount?: number | undefined;
  /** The same as `limits: { connections }`. Default no limit. */
  maxConnections?: number | undefined;
  /** Limits on connections, handshakes, messages and time. Default none. */
  limits?: LimitOptions | undefined;
  /** Subprotocols supported, best first; the first that the client offers too is chosen. Default none. */
  protocols?: string | readonly string[] | undefined;
  /** Origins accepted, such as `https://example.com`; a request with another is refused with 403. Default any. */
  origins?: readonly string[] | undefined;
  /**
   * The proxies whose word on the client's address is taken: addresses and networks such as `10.0.0.0/8`, and the names
   * `loopback`, `private` (the private networks, link-local ones among them) and `unix` (peers over a unix socket).
   * `clientAddress` of a request is then the rightmost address of `X-Forwarded-For`, or without that header of
   * `Forwarded` (RFC 7239), that is not one of them. Default none: these headers are not looked at.
   */
  trustProxy?: readonly string[] | undefined;
  /** With `connection`: milliseconds that a `recv` without a timeout of its own waits; 0 for no limit. Default 0. */
  receiveTimeout?: number | undefined;
  /** With `connection`: as the option of `connect`. Default 16 and 4. */
  receiveQueue?: { high?: number | undefined; low?: number | undefined } | undefined;
}

/** Options of a server's listening side, and of its connections. */
export interface ListenOptions extends AcceptOptions {
  /** The port; 0 lets the system choose. Default 0. */
  port?: number | undefined;
  /** The address to listen on. Default all of this machine: `::`, IPv4 included, or `0.0.0.0` without IPv6. */
  host?: string | undefined;
  /**
   * The path of a unix socket to listen on, instead of a port. A socket file that is left over there is removed, but
   * only if nobody listens on it.
   */
  socketPath?: string | undefined;
  /** The mode of that file, such as `0o660`. Default what the umask leaves. */
  socketMode?: number | undefined;
  /**
   * An open descriptor that listens already; `'systemd'` takes the first one that systemd's socket activation has
   * passed on (`LISTEN_FDS`).
   */
  fd?: number | 'systemd' | undefined;
  /**
   * Lets several processes listen on one port, with the system spreading the connections (`SO_REUSEPORT`). It needs
   * Node.js 22.12 and Linux or a BSD. The spread is uneven, and connections that wait for a process that ends are lost:
   * `node:cluster` does better on both. Default `false`.
   */
  reusePort?: boolean | undefined;
  /**
   * Whether every connection begins with a header of the PROXY protocol, version 1 or 2, before TLS: a load balancer
   * passes on the client's address so. Connections without it are dropped. Default `false`.
   */
  proxyProtocol?: boolean | undefined;
  /** Any option of `tls.createServer`; given, the server speaks `wss:`. Default none. */
  tls?: TlsOptions | undefined;
  /** Length of the queue of connections not yet accepted. Default 511. */
  backlog?: number | undefined;
  /** Which requests are answered; others are refused with 404. Default all. */
  path?: PathFilter | undefined;
  /** A path that answers `GET` with 200 while the server takes connections, with 503 while it drains. Default none. */
  health?: string | undefined;
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
  readonly transferable: boolean;
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

/** `LimitOptions`, checked, with every default filled in: no limit is infinity, no time is 0. */
export interface ResolvedLimits {
  readonly connections: number;
  readonly perIp: number;
  readonly handshakesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly idleTimeout: number;
  readonly lifetime: number;
  readonly sendTimeout: number;
}

/** `AcceptOptions`, checked, with every default filled in. */
export interface ResolvedAcceptOptions extends ResolvedCommon {
  readonly maxBufferedAmount: number;
  readonly handshakeTimeout: number;
  readonly maxConnections: number;
  readonly limits: ResolvedLimits;
  readonly protocols: readonly string[];
  readonly origins: readonly string[] | undefined;
  readonly trustProxy: readonly string[];
  readonly receiveTimeout: number;
  readonly receiveQueue: { readonly high: number; readonly low: number };
  readonly path: PathFilter | undefined;
}

/** `ListenOptions`, checked, with every default filled in. */
export interface ResolvedListenOptions extends ResolvedAcceptOptions {
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly socketPath: string | undefined;
  readonly socketMode: number | undefined;
  readonly fd: number | 'systemd' | undefined;
  readonly reusePort: boolean;
  readonly proxyProtocol: boolean;
  readonly tls: TlsOptions | undefined;
  readonly backlog: number;
  readonly health: string | undefined;
}
