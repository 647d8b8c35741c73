/**
 * Opening handshakes as bytes: the examples of RFC 6455 §1.2 and §1.3, with changes.
 */

/** The nonce behind the key of RFC 6455 §1.3. */
export const NONCE: Uint8Array = new TextEncoder().encode('the sample nonce');
export const KEY_TEXT = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT_TEXT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Headers to change: one or several strings replace a header, and `undefined` removes it. */
export type HeaderChanges = Readonly<Record<string, string | readonly string[] | undefined>>;

const REQUEST_HEADERS: HeaderChanges = {
  Host: 'server.example.com',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY_TEXT,
  'Sec-WebSocket-Version': '13',
};

const RESPONSE_HEADERS: HeaderChanges = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Accept': ACCEPT_TEXT,
};

/** A right request of a client, with changes. */
export function request(changes: HeaderChanges = {}, startLine = 'GET /chat HTTP/1.1'): Uint8Array {
  return head(startLine, { ...REQUEST_HEADERS, ...changes });
}

/** A right response of a server, with changes. */
export function response(
  changes: HeaderChanges = {},
  startLine = 'HTTP/1.1 101 Switching Protocols',
): Uint8Array {
  return head(startLine, { ...RESPONSE_HEADERS, ...changes });
}

/** A head in Latin-1. */
export function head(startLine: string, headers: HeaderChanges = {}): Uint8Array {
  const lines = [startLine];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    for (const item of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${item}`);
  }
  return latin1(`${lines.join('\r\n')}\r\n\r\n`);
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
