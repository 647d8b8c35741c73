/**
 * Hints for unknown options: the name that was meant, or what to use for an option of ws, `http.request` or
 * `tls`.
 */

/** Names of options in other libraries, each with what to use here. */
export type ForeignNames = Readonly<Record<string, string>>;

function calledHere(name: string): string {
  return `here that is '${name}'`;
}

function hintsFor(names: string, hint: (name: string) => string): ForeignNames {
  return Object.fromEntries(names.split(' ').map((name) => [name, hint(name)]));
}

const OF_TLS = hintsFor(
  'ALPNCallback ALPNProtocols SNICallback allowPartialTrustChain ca cert checkServerIdentity ciphers ' +
    'clientCertEngine crl dhparam ecdhCurve enableTrace honorCipherOrder key maxVersion minDHSize ' +
    'minVersion passphrase pfx privateKeyEngine privateKeyIdentifier pskCallback pskIdentityHint ' +
    'rejectUnauthorized requestCert requestOCSP secureContext secureOptions secureProtocol servername ' +
    'session sessionIdContext sessionTimeout sigalgs ticketKeys',
  (name) => `it goes into the option 'tls': { tls: { ${name} } }`,
);

const OF_BOTH_ENDS: ForeignNames = {
  ...OF_TLS,
  ...hintsFor(
    'clientMaxWindowBits clientNoContextTakeover concurrencyLimit level memLevel ' +
      'serverMaxWindowBits serverNoContextTakeover threshold zlibDeflateOptions zlibInflateOptions',
    (name) => `it goes into the option 'perMessageDeflate': { perMessageDeflate: { ${name} } }`,
  ),
  allowSynchronousEvents: 'messages are always delivered as they are read',
  binaryType: 'a binary message is always a Uint8Array',
  heartbeatInterval: calledHere('pingInterval'),
  keepAlive: "pings find out whether the peer is there: see 'pingInterval'",
  keepAliveInitialDelay: "pings find out whether the peer is there: see 'pingInterval'",
  maxPayload: calledHere('maxMessageSize'),
  maxPendingAutoPongs: 'pings that wait are answered by one pong, for the latest',
  skipUTF8Validation: 'text is always checked (RFC 6455 §8.1)',
};

/** Options that `connect` does not have. */
export const FOREIGN_TO_CONNECT: ForeignNames = {
  ...OF_BOTH_ENDS,
  ...hintsFor('host hostname path port query search', () => 'it is part of the URL'),
  ...hintsFor(
    'autoSelectFamily autoSelectFamilyAttemptTimeout createConnection family hints localAddress ' +
      'localPort lookup socket socketPath',
    () => 'a client opens its TCP connection itself, with the defaults of Node.js',
  ),
  ...hintsFor(
    'agent dispatcher',
    () => "each connection opens its own socket; options of TLS go into the option 'tls'",
  ),
  ...hintsFor(
    'insecureHTTPParser maxHeaderSize',
    () => 'a response is always read strictly, its head up to 16 KiB',
  ),
  cookie: "it goes into the option 'headers': { headers: { Cookie } }",
  finishRequest: "headers of the request go into the option 'headers'",
  generateMask: calledHere('generateMaskingKey'),
  handshakeTimeout: calledHere('connectTimeout'),
  maxRedirects: calledHere('followRedirects'),
  method: 'a WebSocket handshake is a GET request',
  protocolVersion: 'there is only version 13 (RFC 6455 §4.1)',
  timeout: calledHere('connectTimeout'),
};

const OF_SERVERS: ForeignNames = {
  ...OF_BOTH_ENDS,
  ...hintsFor('WebSocket clientTracking', () => "'connections' of the server has the open ones"),
  ...hintsFor(
    'callback onconnection',
    () => "the option 'handlers' has 'open', which is called for each connection",
  ),
  ...hintsFor(
    'batchEnd close drain frame message onmessage open ping pong',
    () => "handlers go into the option 'handlers': { handlers: { message } }",
  ),
  ...hintsFor(
    'handshakesPerSecond lifetime messagesPerSecond perIp sendTimeout',
    (name) => `it goes into the option 'limits': { limits: { ${name} } }`,
  ),
  compression: calledHere('perMessageDeflate'),
  connectTimeout: calledHere('handshakeTimeout'),
  cors: "'origins' has the origins that may connect",
  handleProtocols:
    "'protocols' names what is supported, and the hook 'request' may choose: { protocol }",
  idleTimeout: "it goes into the option 'limits': { limits: { idleTimeout } }",
  maxLifetime: "it goes into the option 'limits': { limits: { lifetime } }",
  verifyClient: "the hook 'request' decides on a client: { status: 401 } refuses",
};

/** Options that `serve` does not have. */
export const FOREIGN_TO_SERVE: ForeignNames = {
  ...OF_SERVERS,
  ...hintsFor(
    'noServer server',
    () => "a server listens by itself; 'attach' and 'upgrade' share the port of an HTTP server",
  ),
  address: calledHere('host'),
  hostname: calledHere('host'),
  ssl: calledHere('tls'),
  unix: calledHere('socketPath'),
};

/** Options that `attach` and `upgrade` do not have. */
export const FOREIGN_TO_ATTACH: ForeignNames = {
  ...OF_SERVERS,
  ...hintsFor(
    'backlog fd host port reusePort socketMode socketPath proxyProtocol',
    () => 'the HTTP server listens, not this one',
  ),
  health: "the HTTP server answers requests: its health check may ask 'state' of this server",
  noServer: "'upgrade' takes a request, its socket and its first bytes",
  path: "it is an option of 'attach'; here the caller has chosen the request",
  server: 'the HTTP server is the first argument of attach',
  tls: 'TLS is up to the HTTP server',
};

/** Options that `perMessageDeflate` does not have. */
export const FOREIGN_TO_DEFLATE: ForeignNames = {
  ...hintsFor('chunkSize dictionary strategy zlibInflateOptions', () => 'this cannot be set'),
  concurrencyLimit: 'how many messages are compressed at once cannot be set',
  maxPayload: "'maxMessageSize', beside perMessageDeflate, limits inflated messages",
  windowBits: "here those are 'serverMaxWindowBits' and 'clientMaxWindowBits'",
  zlibDeflateOptions: "of those only 'level' and 'memLevel' can be set: { level, memLevel }",
};

/** Makes the error for an unknown option, with a hint. */
export function unknownOption(
  caller: string,
  name: string,
  known: readonly string[],
  foreign: ForeignNames = {},
): TypeError {
  return new TypeError(`${caller}: unknown option '${name}'${hintFor(name, known, foreign)}`);
}

function hintFor(name: string, known: readonly string[], foreign: ForeignNames): string {
  if (Object.hasOwn(foreign, name)) return `; ${foreign[name]}`;
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`;
}

/** Returns the known name nearest to a mistyped one, if one is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let leastDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < leastDistance) {
      leastDistance = distance;
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
