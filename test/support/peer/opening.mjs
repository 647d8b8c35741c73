// The server's side of the opening handshake (RFC 6455 §4.2), right or wrong as the script says.
import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Parses the head of a request. */
export function parseRequest(text) {
  const [line, ...fields] = text.split('\r\n');
  const headers = fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { line, headers };
}

/** Returns the script in a request's URL, or one that echoes. */
export function scriptOf(request) {
  const url = new URL(request.line.split(' ')[1], 'ws://peer');
  const encoded = url.searchParams.get('script');
  const script =
    encoded === null
      ? { steps: [{ echo: true }] }
      : JSON.parse(Buffer.from(encoded, 'base64url').toString());
  return { id: Number(url.searchParams.get('id')), ...script };
}

/** Makes the response to a request, with the changes of the script. */
export function serializeResponse(request, opening = {}) {
  if (opening.response !== undefined) return Buffer.from(opening.response, 'hex');
  const key = request.headers.find(([name]) => name.toLowerCase() === 'sec-websocket-key')?.[1];
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const fields = new Map([
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', accept],
    ...Object.entries(opening.headers ?? {}),
  ]);
  let text = `${opening.statusLine ?? 'HTTP/1.1 101 Switching Protocols'}\r\n`;
  for (const [name, value] of fields) {
    // A header set to null is left out.
    if (value !== null) text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
