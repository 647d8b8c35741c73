/**
 * What is said of an option that there is not: the nearest one, or what does here what it does in
 * ws, in `http.request` and in `tls`.
 */

/** Names in other libraries, and what to use here. */
export type ForeignNames = Readonly<Record<string, string>>;

function named(name: string): string {
  return `here that is '${name}'`;
}

function each(names: string, hint: (name: string) => string): ForeignNames {
  return Object.fromEntries(names.split(' ').map((name) => [name, hint(name)]));
}

const OF_TLS = each(
  'ALPNCallback ALPNProtocols SNICallback allowPartialTrustChain ca cert checkServerIdentity ciphers ' +
    'clientCertEngine crl dhparam ecdhCurve enableTrace honorCipherOrder key maxVersion minDHSize ' +
    'minVersion passphrase pfx privateKeyEngine privateKeyIdentifier pskCallback pskIdentityHint ' +
    'rejectUnauthorized requestCert requestOCSP secureContext secureOptions secureProtocol servername ' +
    'session sessionIdContext sessionTimeout sigalgs ticketKeys',
  (name) => `it goes into the option 'tls': { tls: { ${name} } }`,
);

const OF_BOTH_ENDS: ForeignNames = {
  ...OF_TLS,
  ...each(
    'clientMaxWindowBits clientNoContextTakeover concurrencyLimit level memLevel ' +
      'serverMaxWindowBits serverNoContextTakeover threshold zlibDeflateOptions zlibInflateOptions',
    (name) => `it goes into the option 'perMessageDeflate': { perMessageDeflate: { ${name} } }`,
  ),
  allowSynchronousEvents: 'messages are always delivered as they are read',
  binaryType: 'a binary message is always a Uint8Array',
  heartbeatInterval: named('pingInterval'),
  keepAlive: "pings find out whether the peer is there: see 'pingInterval'",
  keepAliveInitialDelay: "pings find out whether the peer is there: see 'pingInterval'",
  maxPayload: named('maxMessageSize'),
  maxPendingAutoPongs: 'pings that wait are answered by one pong, for the latest',
  skipUTF8Validation: 'text is always checked (RFC 6455 §8.1)',
};

/** What a client's `connect` has not got. */
export const FOREIGN_TO_CONNECT: ForeignNames = {
  ...OF_BOTH_ENDS,
  ...each('host hostname path port query search', () => 'it is part of the URL'),
  ...each(
    'autoSelectFamily autoSelectFamilyAttemptTimeout createConnection family hints localAddress ' +
      'localPort lookup socket socketPath',
    () => 'a client opens its TCP connection itself, with the defaults of Node.js',
  ),
  ...each(
    'agent dispatcher',
    () => "a connection has its socket to itself; what is meant for TLS goes into the option 'tls'",
  ),
  ...each(
    'insecureHTTPParser maxHeaderSize',
    () => 'a response is always read strictly, its head up to 16 KiB',
  ),
  cookie: "it goes into the option 'headers': { headers: { Cookie } }",
  finishRequest: "what the request needs goes into the option 'headers'",
  generateMask: named('generateMaskingKey'),
  handshakeTimeout: named('connectTimeout'),
  maxRedirects: named('followRedirects'),
  method: 'a WebSocket handshake is a GET request',
  protocolVersion: 'there is only version 13 (RFC 6455 §4.1)',
  timeout: named('connectTimeout'),
};

/** What `serve` has not got. */
export const FOREIGN_TO_SERVE: ForeignNames = {
  ...OF_BOTH_ENDS,
  ...each('noServer server', () => "the server listens by itself: give it 'port' and 'host'"),
  ...each('WebSocket clientTracking', () => "what is open is in 'connections' of the server"),
  ...each(
    'callback onconnection',
    () => "a connection's begin is told to 'open' of the option 'handlers'",
  ),
  address: named('host'),
  connectTimeout: named('handshakeTimeout'),
  handleProtocols:
    "'protocols' names what is supported, and the hook 'request' may choose: { protocol }",
  path: "the hook 'request' decides what its 'target' gets: { status: 404 } refuses",
  verifyClient: "the hook 'request' decides on a client: { status: 401 } refuses",
};

/** What `perMessageDeflate` has not got. */
export const FOREIGN_TO_DEFLATE: ForeignNames = {
  ...each(
    'chunkSize dictionary strategy zlibInflateOptions',
    () => 'there is nothing to choose about it',
  ),
  concurrencyLimit: 'how many messages are compressed at once bounds itself',
  maxPayload: "'maxMessageSize' beside perMessageDeflate bounds what is inflated",
  windowBits: "here those are 'serverMaxWindowBits' and 'clientMaxWindowBits'",
  zlibDeflateOptions: "of those there are 'level' and 'memLevel', without it: { level, memLevel }",
};

/** Makes the error for an option that there is not; it says what may have been meant. */
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
